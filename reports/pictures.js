// The pictures' data, and what the first screen, the gallery and the lightbox share: which image and which two sides
// are chosen, names and scores of sides, images cut to a part of the window, blinking.
srb.pictures = (() => {
  const data = JSON.parse(srb.$("#pictures-data")?.textContent ?? '{"scenes": [], "hero": 0, "notes": []}');
  const { scenes } = data;
  const FIXED = { original: "Original", lr: "LR" };
  const keyOf = (scene) => `${scene.dataset}/${scene.image}`;

  const scene = (dataset, image) => scenes.find((own) => own.dataset === dataset && own.image === image) ?? null;
  const mapOf = (own, side) => own.maps.find((map) => map.side === side);

  // Of a clip: the place of the frame that is shown, among all its frames; of others 0.
  const placeOf = (own) => {
    if (!own.clip) return 0;
    const said = srb.state.frame === "" ? -1 : Number(srb.state.frame);
    return own.clip.shown.includes(said) ? said : own.clip.frames.indexOf(own.image);
  };
  const nameOf = (own) => own.clip?.name ?? own.image;
  const shownName = (own) => own.clip?.frames[placeOf(own)] ?? own.image;
  const valuesOf = (own, side) => {
    const values = own.pictures[side]?.values ?? {}, lines = own.clip?.values[side];
    if (!lines) return values;
    return Object.fromEntries(Object.keys(values).map((metric) => [metric, lines[metric]?.[placeOf(own)] ?? null]));
  };

  // A side is 'original', 'lr', a method's label or the name of a map. The text is empty where there is no picture.
  const base = (own, side) => {
    if (side in FIXED) return own[side];
    return own.pictures[side]?.src ?? mapOf(own, side)?.src ?? "";
  };
  // Of a clip: of the frame that is shown.
  const src = (own, side) => own.clip?.windows[own.clip.shown.indexOf(placeOf(own))]?.[side] ?? base(own, side);
  const whole = (own, side) => own.whole[side] ?? "";
  const file = (own, side) => (whole(own, side).startsWith("data:") ? "" : whole(own, side));
  const title = (own, side) => FIXED[side] ?? mapOf(own, side)?.title ?? srb.title(side);
  // For labels on a picture: 'EDSR baseline' of 'EDSR baseline, 16 blocks, 64 channels'.
  const short = (own, side) => title(own, side).split(/, | \(/)[0];
  const about = (own, side) => {
    if (side === "lr") return `the image that methods were given; each pixel is shown as ${data.scale}\u00d7${data.scale}`;
    return mapOf(own, side)?.about ?? "";
  };

  // The score that a label shows: of the chosen metric, else of the first that there is.
  const score = (own, side) => {
    const values = valuesOf(own, side);
    const metric = srb.state.metric in values ? srb.state.metric : Object.keys(values)[0];
    if (metric === undefined) return "";
    const { unit, title: name } = srb.data.metrics[metric] ?? { title: metric };
    const text = srb.format(values[metric], metric);
    return unit ? `${text} ${unit}` : `${name} ${text}`;
  };

  const groups = (own) => [
    ["Reference", ["original", "lr", "bicubic"].filter((side) => src(own, side))],
    ["Methods, by year", Object.keys(own.pictures).filter((label) => label !== "bicubic")],
    ["Maps", own.maps.map((map) => map.side)],
  ].filter(([, sides]) => sides.length);
  const sides = (own) => groups(own).flatMap(([, own]) => own);

  // -- what is chosen -------------------------------------------------------------------------------------------
  const view = srb.data.views.find((own) =>
    own.scale === data.scale && own.protocol === data.protocol && own.degradation === data.degradation) ?? null;
  const usualRight = (own) => {
    const contest = srb.contest(srb.state.metric, srb.state.group, view) ?? srb.contest(srb.state.metric, "all", view);
    return contest?.labels.find((label) => label !== "bicubic" && label in own.pictures) ?? own.sides[1];
  };
  const usualLeft = (own, right) => [own.sides[0], "bicubic", "lr", "original", ...Object.keys(own.pictures)]
    .find((side) => side !== right && src(own, side)) ?? right;
  const chosen = () => {
    if (!scenes.length) return null;
    const own = scenes.find((one) => keyOf(one) === srb.state.image) ?? scenes[data.hero];
    const known = (side) => side !== "" && src(own, side) !== "";
    const right = known(srb.state.right) ? srb.state.right : usualRight(own);
    const left = known(srb.state.left) ? srb.state.left : usualLeft(own, right);
    return { scene: own, left, right };
  };

  // -- elements -------------------------------------------------------------------------------------------------
  // An image of the window, placed such that a part of the window fills the box around it.
  const place = (image, own, [x, y, width, height]) => Object.assign(image.style, {
    width: `${(100 * own.width) / width}%`,
    height: `${(100 * own.height) / height}%`,
    left: `${(-100 * x) / width}%`,
    top: `${(-100 * y) / height}%`,
  });
  const said = (own, side) => [title(own, side), score(own, side)].filter(Boolean).join(", ");

  // A box with two sides on top of each other and a divider; show() fills it.
  const duo = (name) => {
    const images = ["left", "right"].map((side) => srb.el("img", { alt: "", draggable: "false", class: `at-${side}` }));
    const tags = ["left", "right"].map((side) => srb.el("span", { class: `tag ${side}` }));
    const box = srb.el("div", { class: "duo" },
      images.map((image, i) => srb.el("div", { class: `side ${["left", "right"][i]}` }, image)), tags);
    const divider = srb.divider(box, box, name);
    const show = (own, chosenSides, part) => {
      box.style.aspectRatio = `${part[2]} / ${part[3]}`;
      chosenSides.forEach((side, i) => {
        images[i].src = src(own, side);
        images[i].alt = `${["Left", "Right"][i]}: ${said(own, side)}`;
        place(images[i], own, part);
        const value = score(own, side);
        tags[i].replaceChildren(short(own, side), " ", value ? srb.el("b", {}, value) : "");
      });
      divider.name(`${title(own, chosenSides[0])} left of it, ${title(own, chosenSides[1])} right of it`);
    };
    return { box, show };
  };

  // ``part`` of the window, or all of it.
  const thumb = (own, side, text, pressed, choose, part = [0, 0, own.width, own.height]) => {
    const image = srb.el("img", { src: src(own, side), alt: "", draggable: "false" });
    place(image, own, part);
    const button = srb.el("button", { type: "button", class: "thumb", "aria-pressed": String(pressed), onclick: choose,
      "aria-label": text }, srb.el("span", { class: "lens" }, image));
    return srb.tip.bind(button, () => text);
  };
  const cover = (own) => (own.original ? "original" : Object.keys(own.pictures)[0]);
  // One button an image.
  const imageThumbs = (own, named = false) => scenes.map((one) => {
    const text = `${one.title}: ${nameOf(one)}`;
    const button = thumb(one, cover(one), text, one === own, () => srb.set({ image: keyOf(one), frame: "" }));
    if (named) button.append(srb.el("span", { class: "name", "aria-hidden": "true" }, nameOf(one)));
    return button;
  });

  // -- blinking: all pairs on the page show the left side whole, then the right -----------------------------------
  const PERIOD = 700; // ms a side: less than one flash a second
  let timer = null;
  const root = document.documentElement;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    root.classList.remove("blink-left", "blink-right");
  };
  const blink = () => {
    if (timer === null) {
      root.classList.add("blink-left");
      timer = setInterval(() => {
        root.classList.toggle("blink-left");
        root.classList.toggle("blink-right");
      }, PERIOD);
    } else stop();
    for (const button of srb.$$(".blink")) button.setAttribute("aria-pressed", String(timer !== null));
  };
  const blinkButton = () => srb.el("button", { type: "button", class: "button blink", "aria-pressed": "false",
    "aria-keyshortcuts": "b", onclick: blink }, "Blink ", srb.el("kbd", {}, "b"));
  addEventListener("keydown", (event) => {
    if (event.key !== "b" || event.ctrlKey || event.metaKey || event.altKey || event.repeat || !scenes.length) return;
    if (event.target.closest?.("input, select, textarea")) return;
    blink();
  });

  return { data, scenes, scene, nameOf, shownName, placeOf, valuesOf, base, src, whole, file, title, short, about, score, groups, sides, chosen, keyOf, place, said, duo,
    thumb, imageThumbs, blinkButton };
})();
