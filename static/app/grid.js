// A review table as a grid: keys that move about in it, rows that come as it is scrolled, widths of
// columns. It is a table of links without this. What reviews.js needs of it is `Grid`.

"use strict";

const Grid = (() => {
  const PART = "Pincite-Part";
  const SOON = 70; // ms that rows must be in sight before they are asked for
  const MOST = 12; // stretches of rows that are kept; the furthest go when there are more
  const NARROW = 80, WIDE = 900, STEP = 16; // pixels of a column
  const CELL = "td, th";

  const table = () => document.querySelector("[data-grid]");
  const frame = () => table().closest(".window");

  // moving about ------------------------------------------------------------------------------------------

  let current = null; // the one link of the grid that the Tab key comes to

  function settle(link, focus = true) {
    if (!link) return;
    if (current !== link) current?.setAttribute("tabindex", "-1");
    current = link;
    link.setAttribute("tabindex", "0");
    if (!focus) return;
    link.focus({ preventScroll: true });
    show(link.closest(CELL));
  }

  // Brings a cell into sight; what stays in sight by itself moves nothing across.
  function show(cell) {
    const view = frame();
    const box = cell.getBoundingClientRect(), within = view.getBoundingClientRect();
    const head = table().tHead.offsetHeight, side = table().rows[0].cells[0].offsetWidth;
    if (cell.closest("tbody")) {
      if (box.top < within.top + head) view.scrollTop -= within.top + head - box.top;
      else if (box.bottom > within.top + view.clientHeight) view.scrollTop += Math.min(box.bottom - within.top - view.clientHeight, box.top - within.top - head);
    }
    if (cell.cellIndex === 0) return;
    if (box.left < within.left + side) view.scrollLeft -= within.left + side - box.left;
    else if (box.right > within.left + view.clientWidth) view.scrollLeft += Math.min(box.right - within.left - view.clientWidth, box.left - within.left - side);
  }

  const rowAt = (index) => table().querySelector(`tr[aria-rowindex="${index}"]`);
  const indexOf = (cell) => Number(cell.parentElement.getAttribute("aria-rowindex"));

  // The row of that index, read first where it is not there yet; the head is 1.
  async function row(index) {
    if (!rowAt(index)) {
      const rooms = [...table().querySelectorAll("[data-room]")];
      await fill(rooms.findLast((room) => Number(room.dataset.first) < index));
    }
    return rowAt(index);
  }

  async function go(index, column, which = 0) {
    const last = Number(table().getAttribute("aria-rowcount"));
    const found = await row(Math.min(Math.max(index, 1), last));
    const links = found?.cells[column]?.querySelectorAll("a") ?? [];
    settle(links[Math.min(which, links.length - 1)] ?? found?.cells[Math.min(column + 1, found.cells.length - 1)].querySelector("a"));
  }

  function move(event, link) {
    const cell = link.closest(CELL);
    const links = [...cell.querySelectorAll("a")];
    const which = links.indexOf(link), index = indexOf(cell), column = cell.cellIndex;
    const ends = cell.parentElement.cells.length - 1;
    const screen = Math.max(1, Math.floor((frame().clientHeight - table().tHead.offsetHeight) / cell.parentElement.offsetHeight) - 1);
    const all = event.ctrlKey || event.metaKey;
    const steps = {
      ArrowLeft: () => (which > 0 ? settle(links[which - 1]) : column > 0 && go(index, column - 1, 9)),
      ArrowRight: () => (which < links.length - 1 ? settle(links[which + 1]) : column < ends && go(index, column + 1)),
      ArrowUp: () => go(index - 1, column, which),
      ArrowDown: () => go(index + 1, column, which),
      PageUp: () => go(Math.max(index - screen, 2), column, which),
      PageDown: () => go(index + screen, column, which),
      Home: () => go(all ? 2 : index, all ? 1 : 0),
      End: () => go(all ? Infinity : index, ends),
    };
    if (!steps[event.key] || (all && !["Home", "End"].includes(event.key))) return false;
    steps[event.key]();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.defaultPrevented || event.isComposing) return;
    const link = event.target.closest?.("[data-grid] a");
    if (link && event.shiftKey && !event.ctrlKey && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      event.preventDefault();
      resize(link.closest(CELL).cellIndex, event.key === "ArrowLeft" ? -STEP : STEP);
    } else if (link && !event.shiftKey && move(event, link)) event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.("[data-grid] a");
    if (link) settle(link, false);
  });

  // rows that come ------------------------------------------------------------------------------------------

  const filling = new Map();
  let near = null;

  function watch() {
    near?.disconnect();
    near = new IntersectionObserver(arrived, { root: frame(), rootMargin: "80% 0px" });
    for (const room of table().querySelectorAll("[data-room]")) near.observe(room);
  }

  function arrived(entries) {
    for (const { isIntersecting, target } of entries) {
      target.toggleAttribute("data-near", isIntersecting);
      if (isIntersecting) setTimeout(() => target.isConnected && target.hasAttribute("data-near") && fill(target), SOON);
    }
  }

  function fill(room) {
    if (!room) return Promise.resolve();
    if (!filling.has(room)) filling.set(room, read(room).finally(() => filling.delete(room)));
    return filling.get(room);
  }

  function address(page) {
    const url = new URL(location.href);
    url.searchParams.delete("cell");
    url.searchParams.set("page", page);
    return url.pathname + url.search;
  }

  async function read(room) {
    near.unobserve(room);
    await htmx.ajax("GET", address(room.dataset.page), { source: room, target: room, swap: "outerHTML", headers: { [PART]: "rows" } });
    if (room.isConnected) near.observe(room); // it did not come
    document.dispatchEvent(new CustomEvent("grid:rows"));
    spare(room.dataset.page);
  }

  // Rows are not as high as the room for them: what is below stays where it is, if they begin above
  // what is looked at.
  let below = null;
  document.addEventListener("htmx:before:swap", ({ detail }) => {
    const room = detail.ctx.sourceElement;
    if (!room?.matches?.("[data-room]") || !room.nextElementSibling) return;
    const top = frame().getBoundingClientRect().top + table().tHead.offsetHeight;
    if (room.getBoundingClientRect().top >= top) return;
    below = { body: room.nextElementSibling, top: room.nextElementSibling.getBoundingClientRect().top };
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!below?.body.isConnected) return;
    frame().scrollTop += below.body.getBoundingClientRect().top - below.top;
    below = null;
  });

  // Rows far from what is looked at leave their room behind, but not those that have just come: a
  // key goes to them.
  function spare(come) {
    const there = [...table().tBodies].filter((body) => !body.hasAttribute("data-room"));
    if (there.length <= MOST) return;
    const middle = frame().getBoundingClientRect().top;
    const far = (body) => Math.abs(body.getBoundingClientRect().top - middle);
    const furthest = there.filter((body) => !body.contains(current) && body.dataset.page !== come).sort((a, b) => far(b) - far(a))[0];
    const room = document.createElement("tbody");
    Object.assign(room.dataset, { page: furthest.dataset.page, first: furthest.dataset.first, room: "" });
    const across = room.insertRow().insertCell();
    across.colSpan = table().rows[0].cells.length;
    across.setAttribute("height", furthest.offsetHeight);
    furthest.replaceWith(room);
    near.observe(room);
  }

  // widths ------------------------------------------------------------------------------------------------

  const kept = () => `pincite-widths-${table().dataset.grid}`;
  const columns = () => [...table().querySelectorAll("col")];

  function remembered() {
    try {
      return JSON.parse(localStorage.getItem(kept())) ?? {};
    } catch {
      return {};
    }
  }

  function setWidth(column, pixels) {
    column.setAttribute("width", Math.round(Math.min(Math.max(pixels, NARROW), WIDE)));
    column.dataset.set = "";
  }

  // From the first change on every column has the width that it has now, or a change of one would
  // be shared out among the others.
  function fix() {
    if (table().classList.contains("sized")) return;
    const now = [...table().rows[0].cells].map((head) => head.offsetWidth);
    columns().forEach((column, at) => setWidth(column, now[at]));
    table().classList.add("sized");
  }

  function resize(at, by) {
    fix();
    const column = columns()[at];
    setWidth(column, Number(column.getAttribute("width")) + by);
    keepWidths();
  }

  function keepWidths() {
    const widths = Object.fromEntries(columns().map((column) => [column.dataset.column, Number(column.getAttribute("width"))]));
    localStorage.setItem(kept(), JSON.stringify(widths));
  }

  function restoreWidths() {
    const widths = remembered();
    const known = columns().filter((column) => Number.isFinite(widths[column.dataset.column]));
    for (const column of known) setWidth(column, widths[column.dataset.column]);
    table().classList.toggle("sized", known.length > 0);
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    fix();
    const column = columns()[grip.closest("th").cellIndex];
    const width = Number(column.getAttribute("width")), from = event.clientX;
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("held");
    const pull = (moved) => setWidth(column, width + moved.clientX - from);
    grip.addEventListener("pointermove", pull);
    const drop = () => {
      grip.removeEventListener("pointermove", pull);
      grip.classList.remove("held");
      keepWidths();
    };
    grip.addEventListener("lostpointercapture", drop, { once: true });
  });

  // the whole window ----------------------------------------------------------------------------------------

  const whole = () => document.querySelector("[data-whole]");
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-whole]")) return;
    const on = whole().getAttribute("aria-pressed") !== "true";
    whole().setAttribute("aria-pressed", on);
    localStorage.setItem("pincite-whole", on ? "yes" : "");
  });

  // beginning -------------------------------------------------------------------------------------------------

  let begun = null;

  // Whether there is a grid that has not been begun with before.
  function begin() {
    if (!table() || table() === begun) return false;
    begun = table();
    // with scripts one link of the grid is reached by Tab, and arrows do the rest
    for (const link of begun.tHead.querySelectorAll("a")) link.setAttribute("tabindex", "-1");
    restoreWidths();
    if (localStorage.getItem("pincite-whole")) whole()?.setAttribute("aria-pressed", "true");
    watch();
    return true;
  }

  return { table, settle, show, row, address, begin, holds: (link) => link === current };
})();
