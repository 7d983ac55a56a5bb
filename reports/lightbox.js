// Whole images of two sides, zoomed and moved together: by wheel, drag, pinch and keys.
//
// What is not in the page as a whole image shows its window at its place.
srb.lightbox = (() => {
  const dialog = srb.$("#lightbox");
  const { pictures } = srb;
  if (!dialog || !pictures.scenes.length) return {};
  const LARGEST = 40; // screen pixels a pixel of the image

  // -- elements -------------------------------------------------------------------------------------------------
  const title = srb.el("h2");
  const selects = Object.fromEntries(["left", "right"].map((name) => [name, srb.el("select", { class: name,
    "aria-label": `${name[0].toUpperCase()}${name.slice(1)} side`,
    onchange: (event) => srb.set({ [name]: event.target.value }) })]));
  const layers = ["left", "right"].map((name) => ({
    whole: srb.el("img", { class: "whole", alt: "", draggable: "false" }),
    window: srb.el("img", { class: "part", alt: "", draggable: "false" }),
    tag: srb.el("span", { class: `tag ${name}` }),
  }));
  const panes = layers.map((layer, i) => srb.el("div", { class: `pane ${["left", "right"][i]}` },
    srb.el("div", { class: "plane" }, layer.whole, layer.window), layer.tag));
  const box = srb.el("div", { class: "panes", tabindex: "0", role: "group",
    "aria-label": "Both sides. Arrow keys move them, plus and minus zoom, 0 shows all." }, panes);
  const divider = srb.divider(box, null, "Boundary between the two sides");
  const about = srb.el("p", { class: "soft", role: "status" });
  const modes = ["Side by side", "Divider"].map((text, i) => srb.el("button", { type: "button",
    "aria-pressed": String(i === 0), onclick: () => lay(i === 1) }, text));
  const button = (text, name, act) => srb.el("button", { type: "button", class: "button", "aria-label": name, onclick: act }, text);
  dialog.setAttribute("aria-label", "Whole images");
  dialog.replaceChildren(
    srb.el("div", { class: "lightbox-bar" }, title, selects.left, selects.right,
      srb.el("span", { class: "seg", role: "group", "aria-label": "Arrangement" }, modes),
      srb.el("span", { class: "picture-tools" },
        button("\u2212", "Zoom out", () => zoom(1 / 1.5)), button("+", "Zoom in", () => zoom(1.5)),
        button("All", "Show all", () => fit()), button("Window", "Show the window", () => fit(true)),
        pictures.blinkButton()),
      srb.el("button", { type: "button", class: "button close", onclick: () => dialog.close() }, "Close")),
    box, about);

  // -- where one looks: the pixel in the middle of a pane, and screen pixels a pixel --------------------------------
  let scene = null, look = { x: 0, y: 0, scale: 1 };
  const area = () => panes[0].getBoundingClientRect();
  const clip = (value, low, high) => Math.min(Math.max(value, low), high);
  const fits = () => {
    const { width, height } = area();
    return Math.min(width / scene.of[0], height / scene.of[1]);
  };
  const draw = () => {
    const { width, height } = area();
    const least = Math.min(1, fits());
    look.scale = clip(look.scale, least, LARGEST);
    look.x = clip(look.x, 0, scene.of[0]);
    look.y = clip(look.y, 0, scene.of[1]);
    const transform = `translate(${width / 2 - look.x * look.scale}px, ${height / 2 - look.y * look.scale}px) ` +
      `scale(${look.scale})`;
    for (const pane of panes) srb.$(".plane", pane).style.transform = transform;
    box.dataset.scale = look.scale.toFixed(4);
    box.dataset.at = `${look.x.toFixed(2)} ${look.y.toFixed(2)}`;
  };
  // What lies under (left, top), relative to the middle of a pane, stays there.
  const zoom = (factor, left = 0, top = 0) => {
    const scale = clip(look.scale * factor, Math.min(1, fits()), LARGEST);
    look.x += left / look.scale - left / scale;
    look.y += top / look.scale - top / scale;
    look.scale = scale;
    draw();
  };
  const pan = (x, y) => {
    look.x -= x / look.scale;
    look.y -= y / look.scale;
    draw();
  };
  const fit = (window = false) => {
    const { width, height } = area();
    if (window) {
      look = { x: scene.left + scene.width / 2, y: scene.top + scene.height / 2,
        scale: Math.min(width / scene.width, height / scene.height) };
    } else look = { x: scene.of[0] / 2, y: scene.of[1] / 2, scale: fits() };
    draw();
  };
  const lay = (together) => {
    box.classList.toggle("together", together);
    modes.forEach((mode, i) => mode.setAttribute("aria-pressed", String(together === (i === 1))));
    fit();
  };

  // -- mouse, fingers, keys -----------------------------------------------------------------------------------------
  // Of a place on the screen, from the middle of the pane that it is in.
  const middle = (x, y) => {
    const [first, second] = panes.map((pane) => pane.getBoundingClientRect());
    const own = x >= second.left && y >= second.top ? second : first;
    return [x - own.left - own.width / 2, y - own.top - own.height / 2];
  };
  box.addEventListener("wheel", (event) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
    zoom(Math.exp(-clip(event.deltaY * lines, -300, 300) * 0.002), ...middle(event.clientX, event.clientY));
  }, { passive: false });
  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
    box.focus({ preventScroll: true });
    event.preventDefault();
  });
  box.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const apart = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, event);
    // Of two fingers each moves the picture half the way.
    pan((event.clientX - before.clientX) / fingers.size, (event.clientY - before.clientY) / fingers.size);
    if (apart > 0) {
      const [a, b] = [...fingers.values()];
      zoom(spread() / apart, ...middle((a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2));
    }
  });
  for (const name of ["pointerup", "pointercancel"]) {
    box.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  box.addEventListener("dblclick", (event) => zoom(2, ...middle(event.clientX, event.clientY)));
  box.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 200 : 50;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key in moves) pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });

  // -- what is shown --------------------------------------------------------------------------------------------------
  const fill = (layer, side) => {
    const whole = pictures.whole(scene, side);
    layer.whole.hidden = !whole;
    if (whole) layer.whole.src = whole;
    else layer.whole.removeAttribute("src");
    Object.assign(layer.whole.style, { width: `${scene.of[0]}px`, height: `${scene.of[1]}px` });
    layer.window.src = pictures.src(scene, side);
    layer.window.alt = pictures.said(scene, side);
    Object.assign(layer.window.style, { left: `${scene.left}px`, top: `${scene.top}px`, width: `${scene.width}px`,
      height: `${scene.height}px` });
    layer.tag.replaceChildren(pictures.short(scene, side), " ", srb.el("b", {}, pictures.score(scene, side)));
    return Boolean(whole);
  };
  const show = () => {
    const before = scene;
    const { scene: own, left, right } = pictures.chosen();
    scene = own;
    title.textContent = `${scene.title}: ${scene.image}`;
    for (const [name, side] of [["left", left], ["right", right]]) {
      selects[name].replaceChildren(...pictures.groups(scene).map(([label, sides]) => srb.el("optgroup", { label },
        sides.map((one) => srb.el("option", { value: one, selected: one === side }, pictures.title(scene, one))))));
    }
    const lacking = [left, right].filter((side, i) => !fill(layers[i], side));
    divider.name(`${pictures.title(scene, left)} left of it, ${pictures.title(scene, right)} right of it`);
    about.textContent = lacking.length === 0
      ? "Wheel or pinch zooms, a drag moves both sides; b shows them in turn."
      : `This page holds no whole image of ${srb.list([...new Set(lacking)].map((side) => pictures.title(scene, side)))}, ` +
        "so its window alone is shown. srbench report --full-images puts all whole images beside the page.";
    if (scene !== before) fit(lacking.length > 0);
    else draw();
  };

  dialog.addEventListener("close", () => srb.set({ zoom: "" }));
  new ResizeObserver(() => { if (dialog.open && scene) draw(); }).observe(panes[0]);
  srb.on((state, changed) => {
    if (state.zoom !== "1") {
      if (dialog.open) dialog.close();
      return;
    }
    if (!dialog.open) {
      scene = null;
      dialog.showModal();
      box.focus({ preventScroll: true });
      show();
    } else if (["image", "left", "right", "metric", "group", "view"].some((key) => changed.has(key))) show();
  });
  return {};
})();
