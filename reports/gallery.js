// The section of pictures: images, two sides with a divider, their difference, and a tile of every method.
srb.gallery = (() => {
  const root = srb.$("#gallery");
  if (!root) return {};
  const { pictures } = srb;
  const PARTS = [16, 24, 32, 48, 64, 96];
  const RAMP = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]]; // inferno
  const colour = (t) => {
    const at = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1);
    const low = Math.min(Math.floor(at), RAMP.length - 2);
    return RAMP[low].map((value, i) => Math.round(value + (RAMP[low + 1][i] - value) * (at - low)));
  };
  const option = (value, text, selected) => srb.el("option", { value, selected }, text);

  // -- elements -------------------------------------------------------------------------------------------------
  const strip = srb.el("div", { class: "thumbs named", role: "group", "aria-label": "Image" });
  const first = srb.el("span", { class: "seg", role: "group", "aria-label": "Left side" });
  const select = Object.fromEntries(["left", "right"].map((name) =>
    [name, srb.el("select", { class: name, onchange: (event) => srb.set({ [name]: event.target.value }) })]));
  const swap = srb.el("button", { type: "button", class: "button", onclick: () => {
    const { left, right } = pictures.chosen();
    srb.set({ left: right, right: left });
  } }, "Swap");
  const controls = srb.el("div", { class: "controls-of" },
    srb.el("span", { class: "control" }, srb.el("label", {}, "Left ", select.left), first),
    srb.el("span", { class: "control" }, srb.el("label", {}, "Right ", select.right)),
    swap, pictures.blinkButton(),
    srb.el("button", { type: "button", class: "button", onclick: () => srb.set({ zoom: "1" }) }, "Whole image"));

  const heading = srb.el("h3");
  const note = srb.el("p", { class: "soft" });
  const { box, show } = pictures.duo("Boundary between the two pictures");

  const size = srb.el("select", { class: "size" }, PARTS.map((side) => option(side, `${side} pixels`)),
    option("all", "whole window", true));
  const chart = srb.el("img", { alt: "", draggable: "false" });
  const frame = srb.el("button", { type: "button", class: "window",
    "aria-label": "Part that is shown. Arrow keys move it, plus and minus change its size." });
  const map = srb.el("div", { class: "map" }, chart, frame);
  const gain = srb.el("select", { class: "up-to" }, [8, 16, 32, 64, 128, 255].map((most) => option(most, most, most === 64)));
  const most = srb.el("span", { class: "most" });
  const canvas = srb.el("canvas", { role: "img", "aria-label": "Difference of the two pictures" });
  const text = srb.el("small", { class: "difference-text", role: "status" });
  const ramp = srb.el("span", { class: "colours", "aria-hidden": "true",
    style: `background:linear-gradient(to right, ${RAMP.map((rgb) => `rgb(${rgb})`).join(", ")})` });
  const lens = srb.el("div", { class: "lens" }, canvas);
  const difference = srb.el("figure", { class: "difference" }, lens,
    srb.el("div", { class: "ramp" }, "0", ramp, most),
    srb.el("figcaption", {}, srb.el("label", {}, "Difference, up to ", gain, " grey levels"), text));
  // Without an original a difference is no error of either side.
  const { originals } = pictures.data;
  const tiles = srb.el("ul", { class: "tiles" });

  root.append(strip, heading, controls,
    srb.el("div", { class: originals ? "stage" : "stage plain" },
      srb.el("figure", { class: "pair" }, box),
      ...(originals ? [difference] : []),
      srb.el("figure", { class: "overview" }, map,
        srb.el("figcaption", {}, srb.el("label", {}, "Part ", size),
          srb.el("small", {}, "Drag the frame, click where it shall go, or use the arrow keys.")))),
    srb.clips.box, note, tiles);

  // -- the part of the window that is shown -----------------------------------------------------------------------
  let scene = null, sides = [], part = [0, 0, 1, 1];
  const draw = () => {
    show(scene, sides, part);
    lens.style.aspectRatio = `${part[2]} / ${part[3]}`;
    pictures.place(canvas, scene, part);
    for (const image of srb.$$(".lens img", tiles)) {
      image.parentNode.style.aspectRatio = `${part[2]} / ${part[3]}`;
      pictures.place(image, scene, part);
    }
    const percent = (value, all) => `${(100 * value) / all}%`;
    Object.assign(frame.style, { left: percent(part[0], scene.width), top: percent(part[1], scene.height),
      width: percent(part[2], scene.width), height: percent(part[3], scene.height) });
  };
  const clip = (value, low, high) => Math.min(Math.max(value, low), high);
  const reach = () => [scene.width, scene.height].map((all) => (size.value === "all" ? all : Math.min(size.value, all)));
  const put = (x, y) => {
    const [w, h] = reach();
    part = [clip(Math.round(x), 0, scene.width - w), clip(Math.round(y), 0, scene.height - h), w, h];
    draw();
  };
  // Smaller and larger parts have one centre.
  const resized = () => {
    const [w, h] = reach();
    put(part[0] + (part[2] - w) / 2, part[1] + (part[3] - h) / 2);
  };
  size.addEventListener("input", resized);
  frame.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 8 : 2;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves) put(part[0] + moves[event.key][0], part[1] + moves[event.key][1]);
    else if (event.key === "+" || event.key === "-") {
      size.selectedIndex = clip(size.selectedIndex + (event.key === "+" ? 1 : -1), 0, PARTS.length);
      resized();
    } else return;
    event.preventDefault();
  });
  const centre = (event) => {
    const at = map.getBoundingClientRect();
    put(((event.clientX - at.left) / at.width) * scene.width - part[2] / 2,
      ((event.clientY - at.top) / at.height) * scene.height - part[3] / 2);
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    centre(event);
    frame.focus();
    event.preventDefault();
  });
  map.addEventListener("pointermove", (event) => { if (map.hasPointerCapture(event.pointerId)) centre(event); });

  // -- the difference map -------------------------------------------------------------------------------------------
  const pixels = async (side) => {
    const image = new Image();
    image.src = pictures.src(scene, side);
    const { width, height } = scene;
    await image.decode();
    const context = Object.assign(document.createElement("canvas"), { width, height })
      .getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, width, height).data;
  };
  let turn = 0;
  const differ = async () => {
    if (!originals) return;
    const mine = (turn += 1);
    const names = sides.map((side) => pictures.title(scene, side)).join(" and ");
    const [a, b] = await Promise.all(sides.map(pixels));
    if (mine !== turn) return; // another pair was chosen meanwhile
    Object.assign(canvas, { width: scene.width, height: scene.height });
    const context = canvas.getContext("2d");
    const output = context.createImageData(scene.width, scene.height);
    let sum = 0, largest = 0;
    for (let i = 0; i < a.length; i += 4) {
      // The mean over the channels: a luma picture has three equal ones.
      const difference = (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2])) / 3;
      sum += difference;
      largest = Math.max(largest, difference);
      output.data.set([...colour(difference / Number(gain.value)), 255], i);
    }
    context.putImageData(output, 0, 0);
    most.textContent = gain.value;
    text.textContent = `${names}: mean ${((4 * sum) / a.length).toFixed(1)}, largest ${largest.toFixed(0)} grey levels`;
    canvas.setAttribute("aria-label", `Difference map. ${text.textContent}`);
  };
  gain.addEventListener("input", differ);

  // -- what follows the choice --------------------------------------------------------------------------------------
  const tile = (side) => {
    const [, right] = sides;
    const year = srb.data.methods[side]?.year;
    const values = Object.entries(pictures.valuesOf(scene, side));
    const file = pictures.file(scene, side);
    const choose = (event) => srb.set({ [event.shiftKey ? "left" : "right"]: side });
    return srb.el("li", {},
      srb.el("button", { type: "button", class: "tile", "aria-pressed": String(side === right), onclick: choose },
        srb.el("span", { class: "lens" }, srb.el("img", { src: pictures.src(scene, side), alt: "", draggable: "false" })),
        srb.el("span", { class: "name" }, side in srb.data.methods ? srb.dot(side) : null,
          pictures.title(scene, side), year ? srb.el("span", { class: "soft" }, ` ${year}`) : null),
        values.map(([metric, value]) => srb.el("small", { class: metric === srb.state.metric ? "score on" : "score" },
          srb.el("span", {}, (srb.data.metrics[metric]?.title ?? metric).split(" (")[0]), " ", srb.format(value, metric))),
        srb.el("small", {}, pictures.about(scene, side))),
      file ? srb.el("a", { href: file }, "whole image") : null);
  };
  const describe = () => {
    const said = [`${scene.width}\u00d7${scene.height} pixels from (${scene.left}, ${scene.top}) of ` +
      `${scene.of[0]}\u00d7${scene.of[1]}.`];
    if (scene.grey) said.push("Y only: this protocol measures methods on luma, and these are the pixels that were measured.");
    if (!originals) said.push("There is no original.");
    else if (!scene.original) said.push("The original is not shown.");
    if (scene.missing.length) said.push(`Not shown: ${scene.missing.join("; ")}.`);
    note.textContent = said.join(" ");
  };
  const choices = () => {
    for (const [i, name] of ["left", "right"].entries()) {
      select[name].replaceChildren(...pictures.groups(scene).map(([label, own]) => srb.el("optgroup", { label },
        own.map((side) => option(side, pictures.title(scene, side), side === sides[i])))));
    }
    const focused = first.contains(document.activeElement) ? document.activeElement.dataset.side : null;
    first.replaceChildren(...["original", "lr", "bicubic"].filter((side) => pictures.src(scene, side)).map((side) =>
      srb.el("button", { type: "button", "data-side": side, "aria-pressed": String(side === sides[0]),
        onclick: () => srb.set({ left: side }) }, pictures.title(scene, side))));
    if (focused) srb.$(`[data-side="${focused}"]`, first)?.focus();
  };
  const press = () => {
    for (const [i, side] of pictures.sides(scene).entries()) {
      srb.$$(".tile", tiles)[i].setAttribute("aria-pressed", String(side === sides[1]));
    }
  };
  const images = () => {
    const at = [...strip.children].indexOf(document.activeElement);
    strip.replaceChildren(...pictures.imageThumbs(scene, true));
    if (at >= 0) strip.children[at].focus({ preventScroll: true });
  };

  srb.on((state, changed) => {
    if (!["image", "left", "right", "metric", "group", "view", "frame"].some((key) => changed.has(key))) return;
    const before = scene;
    const chosen = pictures.chosen();
    scene = chosen.scene;
    sides = [chosen.left, chosen.right];
    choices();
    if (scene !== before || changed.has("metric") || changed.has("frame")) tiles.replaceChildren(...pictures.sides(scene).map(tile));
    srb.clips.show(scene, sides, scene !== before);
    chart.src = pictures.src(scene, scene.original ? "original" : Object.keys(scene.pictures)[0]);
    if (scene !== before) {
      images();
      heading.textContent = `${scene.title}: ${pictures.nameOf(scene)}`;
      map.style.aspectRatio = `${scene.width} / ${scene.height}`;
      describe();
      const [w, h] = reach();
      put((scene.width - w) / 2, (scene.height - h) / 2);
    } else {
      press();
      draw();
    }
    differ();
  });
  return {};
})();
