// Pictures: a window on a region, a boundary between two methods, a map of differences.
srb.pictures = (() => {
  const all = srb.$$, one = srb.$;
  for (const element of all(".js")) element.hidden = false;

  const scenes = all(".scene");
  const chooser = one("#scene");
  const RAMP = [[0, 0, 4], [66, 10, 104], [147, 38, 103], [221, 81, 58], [252, 165, 10], [252, 255, 164]]; // inferno
  const colour = (t) => {
    const place = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1);
    const low = Math.min(Math.floor(place), RAMP.length - 2);
    return RAMP[low].map((value, i) => Math.round(value + (RAMP[low + 1][i] - value) * (place - low)));
  };
  const gradient = `linear-gradient(to right, ${RAMP.map((rgb) => `rgb(${rgb})`).join(", ")})`;

  const scene = (root) => {
    const width = Number(root.dataset.width), height = Number(root.dataset.height);
    const tiles = all(".tiles img", root);
    const map = one(".map", root), frame = one(".window", root), size = one(".size", root);
    const state = { x: 0, y: 0, w: 0, h: 0 };
    one(".map img", root).src = tiles[0].src;
    one(".bar", root).style.background = gradient;

    const place = (x, y) => {
      const side = Number(size.value);
      state.w = Math.min(side, width);
      state.h = Math.min(side, height);
      state.x = Math.min(Math.max(Math.round(x), 0), width - state.w);
      state.y = Math.min(Math.max(Math.round(y), 0), height - state.h);
      for (const [name, value] of [["--x", state.x / state.w], ["--y", state.y / state.h],
        ["--zoom-x", width / state.w], ["--zoom-y", height / state.h]]) root.style.setProperty(name, value);
      for (const lens of all(".lens", root)) lens.style.aspectRatio = `${state.w} / ${state.h}`;
      const percent = (value, whole) => `${(100 * value) / whole}%`;
      Object.assign(frame.style, { left: percent(state.x, width), top: percent(state.y, height),
        width: percent(state.w, width), height: percent(state.h, height) });
    };
    size.addEventListener("input", () => place(state.x, state.y));
    const resize = (step) => {
      size.selectedIndex = Math.min(Math.max(size.selectedIndex + step, 0), size.options.length - 1);
      place(state.x, state.y);
    };
    frame.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 8 : 2;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (event.key in moves) place(state.x + moves[event.key][0], state.y + moves[event.key][1]);
      else if (event.key === "+") resize(1);
      else if (event.key === "-") resize(-1);
      else return;
      event.preventDefault();
    });
    const centre = (event) => {
      const box = map.getBoundingClientRect();
      place(((event.clientX - box.left) / box.width) * width - state.w / 2,
        ((event.clientY - box.top) / box.height) * height - state.h / 2);
    };
    map.addEventListener("pointerdown", (event) => {
      map.setPointerCapture(event.pointerId);
      centre(event);
      frame.focus();
      event.preventDefault();
    });
    map.addEventListener("pointermove", (event) => {
      if (map.hasPointerCapture(event.pointerId)) centre(event);
    });

    const pair = one(".pair", root), range = one(".slider input", root);
    range.addEventListener("input", () => pair.style.setProperty("--split", `${range.value}%`));
    const side = { left: one("select.left", root), right: one("select.right", root) };
    const gain = one(".gain", root), canvas = one("canvas", root);
    const pixels = (image) => {
      const sheet = document.createElement("canvas");
      [sheet.width, sheet.height] = [width, height];
      const context = sheet.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, width, height).data;
    };
    const compare = async () => {
      const chosenTiles = ["left", "right"].map((name) => {
        const tile = tiles[side[name].selectedIndex];
        const picture = one(`.pair .${name}`, root);
        picture.src = tile.src;
        picture.alt = `${name === "left" ? "Left" : "Right"}: ${tile.alt}`;
        return tile;
      });
      await Promise.all(chosenTiles.map((tile) => tile.decode()));
      const [a, b] = chosenTiles.map(pixels);
      const most = Number(gain.value);
      const context = canvas.getContext("2d");
      const output = context.createImageData(width, height);
      let sum = 0, largest = 0;
      for (let i = 0; i < a.length; i += 4) {
        // The mean over the channels: a luma picture has three equal ones.
        const difference = (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2])) / 3;
        sum += difference;
        largest = Math.max(largest, difference);
        output.data.set([...colour(difference / most), 255], i);
      }
      context.putImageData(output, 0, 0);
      one(".most", root).textContent = String(most);
      const names = chosenTiles.map((tile) => tile.alt).join(" and ");
      const text = `${names}: mean ${((4 * sum) / a.length).toFixed(1)}, largest ${largest.toFixed(0)} grey levels`;
      one(".difference-text", root).textContent = text;
      canvas.setAttribute("aria-label", `Difference map. ${text}`);
    };
    for (const select of [side.left, side.right, gain]) select.addEventListener("input", compare);
    place((width - 48) / 2, (height - 48) / 2);
    return compare;
  };

  if (chooser) {
    const started = new Map();
    const choose = () => {
      scenes.forEach((root, place) => { root.hidden = place !== Number(chooser.value); });
      const root = scenes[Number(chooser.value)];
      if (!started.has(root)) started.set(root, scene(root)); // each when it is first seen
      started.get(root)();
    };
    const order = [...chooser.options];
    const step = (by) => {
      chooser.selectedIndex = (chooser.selectedIndex + by + order.length) % order.length;
      choose();
    };
    chooser.addEventListener("input", choose);
    one("#previous").addEventListener("click", () => step(-1));
    one("#next").addEventListener("click", () => step(1));
    choose();
  }
  return {};
})();
