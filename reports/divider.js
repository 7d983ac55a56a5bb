// The boundary between two pictures that lie on each other: dragged by mouse and touch, moved by keys.
//
// ``stage`` gets the place as --at; ``grip`` is where a drag begins: anywhere in the picture, or the handle alone.
srb.divider = (stage, grip, name) => {
  const handle = srb.el("div", { class: "handle", role: "slider", tabindex: "0", "aria-label": name,
    "aria-valuemin": "0", "aria-valuemax": "100" });
  stage.append(handle);
  grip ??= handle;
  let at = 50, text = name;
  const move = (percent) => {
    at = Math.min(Math.max(percent, 0), 100);
    stage.style.setProperty("--at", `${at}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(at)));
    handle.setAttribute("aria-valuetext", `${Math.round(at)}%: ${text}`);
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 100);
  };
  grip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button, a")) return;
    grip.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
    event.stopPropagation();
    // A finger may be about to scroll the page, which is known when it moves.
    if (event.pointerType !== "touch") follow(event);
  });
  grip.addEventListener("pointermove", (event) => {
    if (grip.hasPointerCapture(event.pointerId)) follow(event);
  });
  grip.addEventListener("click", follow);
  handle.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 2;
    const places = { ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step,
      PageDown: at - 20, PageUp: at + 20, Home: 0, End: 100 };
    if (!(event.key in places)) return;
    move(places[event.key]);
    event.preventDefault();
    event.stopPropagation();
  });
  move(at);
  return { move, name: (said) => { text = said; move(at); } };
};
