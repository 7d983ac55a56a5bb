"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  for (const element of all(".js")) element.hidden = false;

  // -- which table, which rows, which columns ------------------------------------------------------------------
  const controls = one(".controls");
  const chosen = (name) => {
    const boxes = all(`input[name="${name}"]`, controls);
    return boxes.length ? new Set(boxes.filter((box) => box.checked).map((box) => box.value)) : null;
  };
  const show = () => {
    const value = (name) => controls.elements[name].value;
    const words = value("name").toLowerCase().split(/\s+/).filter(Boolean);
    const datasets = chosen("dataset"), metrics = chosen("metric");
    const wanted = (cell) => (!datasets || datasets.has(cell.dataset.d)) &&
      (!metrics || !cell.dataset.m || metrics.has(cell.dataset.m));
    let found = false, rows = 0, total = 0;
    for (const view of all(".view")) {
      view.hidden = !["scale", "protocol", "degradation"].every((axis) => view.dataset[axis] === value(axis));
      if (view.hidden) continue;
      found = true;
      const table = one(".board", view);
      if (!table) continue;
      table.classList.toggle("intervals", controls.elements.intervals.checked);
      table.classList.toggle("no-published", !controls.elements.published.checked);
      for (const cell of all("[data-d]", table)) cell.hidden = !wanted(cell);
      for (const group of all(".group[data-d]", table)) {
        const columns = all("thead tr:last-child th", table);
        const span = columns.filter((th) => th.dataset.d === group.dataset.d && !th.hidden).length;
        group.hidden = span === 0;
        if (span) group.colSpan = span;
      }
      for (const row of all("tbody tr", table)) {
        row.hidden = !words.every((word) => row.dataset.text.includes(word)) ||
          (value("family") !== "" && row.dataset.family !== value("family"));
        total += 1;
        rows += row.hidden ? 0 : 1;
      }
    }
    one("#no-view").hidden = found;
    one("#shown").textContent = found ? `${rows} of ${total} methods shown` : "";
  };

  const sort = (table, heading, direction) => {
    const column = one(".sort", heading).dataset.column;
    const cellOf = (row) => {
      const [d, m] = column.split(" ");
      if (column === "rank") return one("td.rank", row);
      if (m !== undefined) return all("td", row).find((td) => td.dataset.d === d && td.dataset.m === m);
      return all(".cost", row)[all("thead tr:last-child th:not([data-d])", table).indexOf(heading)];
    };
    const key = (row) => {
      if (column === "name") return one(".method > :first-child", row).textContent.toLowerCase();
      const text = cellOf(row)?.dataset.v;
      return text ? Number(text) : null;
    };
    const body = one("tbody", table);
    const rows = all("tr", body).map((row, place) => ({ row, place, key: key(row) }));
    rows.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      const order = typeof a.key === "string" ? a.key.localeCompare(b.key) : a.key - b.key;
      return direction * order || a.place - b.place;
    });
    for (const { row } of rows) body.append(row);
    for (const th of all("[aria-sort]", table)) th.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
  };

  const rankBy = (view, key) => {
    for (const row of all("tbody tr", view)) {
      const [rank, ties] = JSON.parse(row.dataset.ranks)[key] ?? ["", ""];
      const cell = one("td.rank", row);
      cell.textContent = rank || "–";
      cell.dataset.v = rank.split("-")[0];
      cell.title = ties;
    }
    sort(one(".board", view), one("th.rank", view), 1);
  };

  if (controls) {
    controls.addEventListener("input", show);
    controls.addEventListener("submit", (event) => event.preventDefault());
    for (const table of all(".board")) {
      for (const button of all(".sort", table)) {
        button.addEventListener("click", () => {
          const heading = button.closest("th");
          const now = heading.getAttribute("aria-sort");
          // The first click brings the best to the top.
          const first = heading.dataset.higher === "1" ? -1 : 1;
          sort(table, heading, now ? (now === "ascending" ? -1 : 1) : first);
        });
      }
    }
    for (const select of all(".ranking")) {
      select.addEventListener("input", () => rankBy(select.closest(".view"), select.value));
    }
    for (const chip of all(".chip")) {
      chip.addEventListener("click", () => {
        const entry = document.getElementById(chip.hash.slice(1));
        entry.closest("details").open = true;
      });
    }
    show();
  }

  // -- pictures -------------------------------------------------------------------------------------------------
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
})();
