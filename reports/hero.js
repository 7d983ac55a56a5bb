// The picture of the first screen: where bicubic loses most against the best, both on each other.
srb.hero = (() => {
  const root = srb.$("#hero");
  if (!root || !srb.pictures.scenes.length) return {};
  const { pictures } = srb;
  const { box, show } = pictures.duo("Boundary between the two pictures");
  box.addEventListener("dblclick", () => srb.set({ zoom: "1" }));
  const images = srb.el("div", { class: "thumbs", role: "group", "aria-label": "Image" });
  const rights = srb.el("div", { class: "thumbs", role: "group", "aria-label": "Right side" });
  const where = srb.el("span");
  const line = srb.el("p", { class: "picture-line" }, where, srb.el("span", { class: "picture-tools" }, pictures.blinkButton(),
    srb.el("button", { type: "button", class: "button", onclick: () => srb.set({ zoom: "1" }) }, "Zoom")));
  root.replaceChildren(box, images, rights, line);

  // Best first by the chosen metric, as far as they have a picture; the original before them.
  const order = (own) => {
    const values = (label) => own.pictures[label].values;
    const { metric } = srb.state;
    const sign = srb.data.metrics[metric]?.higher === false ? 1 : -1;
    const labels = Object.keys(own.pictures);
    const measured = labels.filter((label) => metric in values(label));
    measured.sort((a, b) => sign * (values(a)[metric] - values(b)[metric]));
    return [...(own.original ? ["original"] : []), ...(measured.length ? measured : labels)];
  };

  // The strip is filled again with every choice; where it was scrolled to, and what had the focus, stays.
  const refill = (strip, buttons) => {
    const focus = [...strip.children].indexOf(document.activeElement), { scrollLeft } = strip;
    strip.replaceChildren(...buttons);
    strip.scrollLeft = scrollLeft;
    if (focus >= 0) strip.children[Math.min(focus, buttons.length - 1)]?.focus({ preventScroll: true });
  };

  srb.on((state, changed) => {
    if (!["image", "left", "right", "metric", "group", "view", "frame"].some((key) => changed.has(key))) return;
    const { scene, left, right } = pictures.chosen();
    show(scene, [left, right], scene.focus);
    refill(images, pictures.imageThumbs(scene));
    refill(rights, order(scene).map((side) =>
      pictures.thumb(scene, side, pictures.said(scene, side), side === right, () => srb.set({ right: side }), scene.focus)));
    where.textContent = `${scene.title}: ${pictures.shownName(scene)}, ${pictures.data.title.split(",")[0]}`;
  });
  return {};
})();
