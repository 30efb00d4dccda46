// Review tables. The grid: keys that move about in it, rows that come as it is scrolled, widths of
// columns. Beside it: a cell, a row or a summary, opened in place; what is said there, and what
// others say meanwhile, changes single cells of the grid. All of it is links and forms without this.

(() => {
  "use strict";

  const PART = "Pincite-Part";
  const SOON = 70; // ms that rows must be in sight before they are asked for
  const MOST = 12; // stretches of rows that are kept; the furthest go when there are more
  const BUSY = 2000, QUIET = 20000; // ms between looks at what has changed
  const NARROW = 80, WIDE = 900, STEP = 16; // pixels of a column
  const CELL = "td, th";

  const table = () => document.querySelector("[data-grid]");
  const frame = () => table().closest(".window");
  const beside = () => document.getElementById("beside");
  const opened = () => document.getElementById("opened");
  const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
  const plain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing);
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

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
    markOpen();
    spare();
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

  // Rows far from what is looked at leave their room behind.
  function spare() {
    const there = [...table().tBodies].filter((body) => !body.hasAttribute("data-room"));
    if (there.length <= MOST) return;
    const middle = frame().getBoundingClientRect().top;
    const far = (body) => Math.abs(body.getBoundingClientRect().top - middle);
    const furthest = there.filter((body) => !body.contains(current)).sort((a, b) => far(b) - far(a))[0];
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

  // beside the grid -----------------------------------------------------------------------------------------

  let request = null;
  let opener = null;

  const openCell = () => document.getElementById(beside()?.dataset.cell ?? "");

  function markOpen() {
    const shown = openCell();
    for (const cell of document.querySelectorAll("[data-grid] tbody [aria-current]")) if (cell !== shown) cell.removeAttribute("aria-current");
    shown?.setAttribute("aria-current", "true");
  }

  // The address says which cell is open; the first one is a step to come back from.
  function point(id) {
    const url = new URL(location.href);
    const before = url.searchParams.get("cell");
    if (before === id) return;
    if (id) url.searchParams.set("cell", id);
    else url.searchParams.delete("cell");
    history[before || !id ? "replaceState" : "pushState"]({ htmx: true }, "", url);
  }

  async function open(href, from, { push = true } = {}) {
    request?.abort();
    const mine = (request = new AbortController());
    try {
      const response = await fetch(href, { signal: mine.signal, headers: { [PART]: "beside" } });
      const fresh = parse(await response.text()).getElementById("beside");
      if (!response.ok || !fresh) throw new Error("nothing to open in the answer");
      beside().replaceWith(document.adoptNode(fresh));
    } catch {
      if (!mine.signal.aborted) location.assign(href);
      return;
    }
    htmx.process(beside());
    const { cell = "", at } = beside().dataset;
    if (push) point(cell.startsWith("cell-") ? cell.slice(5) : "");
    opened().focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("source:open"));
    if (!openCell() && at) await row(Number(at) + 1);
    opener = openCell()?.contains(from) ? from : (openCell()?.querySelector("a") ?? from);
    markOpen();
    if (openCell()) {
      settle(opener, false);
      show(openCell());
    }
  }

  function close({ push = true } = {}) {
    request?.abort();
    const back = opener?.isConnected ? opener : openCell()?.querySelector("a");
    document.dispatchEvent(new CustomEvent("source:close"));
    beside().replaceWith(Object.assign(document.createElement("aside"), { id: "beside", hidden: true }));
    if (push) point("");
    markOpen();
    if (back) settle(back);
  }

  document.addEventListener("click", (event) => {
    if (event.button !== 0 || event.shiftKey || !plain(event) || !table() || !beside()) return;
    const link = event.target.closest?.("[data-grid] td > a, a[data-open]");
    const shut = event.target.closest?.("#beside [data-close]");
    if (!link && !shut) return;
    event.preventDefault();
    if (shut) close();
    else open(link.href, link.closest("[data-grid]") ? link : opener);
  });

  document.addEventListener("htmx:before:history:restore", (event) => {
    if (event.defaultPrevented || !table() || !beside()) return;
    event.preventDefault();
    const named = new URL(location.href).searchParams.get("cell");
    const link = named && document.querySelector(`#cell-${CSS.escape(named)} > a`);
    if (link) open(link.href, link, { push: false });
    else if (named) location.reload();
    else if (!beside().hidden) close({ push: false });
  });

  // Keys press what is named by them, in what is open or on its own page.
  document.addEventListener("keydown", (event) => {
    if (!plain(event)) return;
    if (typing(event.target)) {
      if (event.key === "Escape" && event.target.closest(".marks")) opened().focus();
      return;
    }
    const named = document.querySelector(`:is(.talk, #beside) [data-key="${CSS.escape(event.key)}"]`);
    if (!named || document.querySelector("details.space[open]")) return;
    event.preventDefault();
    if (named.matches("textarea")) {
      named.focus();
      named.select();
    } else named.click();
  });

  // what is said there ----------------------------------------------------------------------------------------

  let sending = false;

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !table() || !form.closest("#beside #opened")) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    const button = event.submitter;
    try {
      const response = await fetch(form.action, { method: "POST", body: new FormData(form, button), headers: { [PART]: "beside" } });
      const page = parse(await response.text());
      if (!page.getElementById("opened")) throw new Error("no cell in the answer");
      replaceOpened(page);
      put(page);
    } catch {
      // as it would be without this; what was typed is in the form
      const kind = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
      form.append(kind);
      form.submit();
    } finally {
      sending = false;
    }
  });

  function replaceOpened(page) {
    opened().replaceWith(document.adoptNode(page.getElementById("opened")));
    const refused = opened().querySelector("[role='alert']");
    opened().focus({ preventScroll: true });
    if (refused) refused.scrollIntoView({ block: "start" });
    else opened().parentElement.scrollTop = 0;
    document.dispatchEvent(new CustomEvent("source:mark"));
  }

  // what has changed ------------------------------------------------------------------------------------------

  // Puts each cell in its place, where it is another now. Focus and scroll stay.
  function put(page) {
    const all = page.getElementById("changes");
    if (!all || !table()) return false;
    const grid = document.getElementById("grid");
    const counts = all.querySelector("#counts");
    if (counts) {
      document.getElementById("counts").replaceWith(document.adoptNode(counts));
      counts.querySelector(".anew").hidden = counts.dataset.all === grid.dataset.all;
    }
    grid.dataset.since = all.dataset.since;
    let open = false;
    for (const fresh of all.querySelectorAll(":is(td, th)[id]")) open = renew(fresh) || open;
    if (all.hasAttribute("data-many")) readAgain();
    return open;
  }

  function renew(fresh) {
    const old = document.getElementById(fresh.id);
    if (!old || (old.className === fresh.className && old.textContent === fresh.textContent)) return false;
    const links = [...old.querySelectorAll("a")];
    const [held, focused] = [links.indexOf(current), links.indexOf(document.activeElement)];
    const came = links.indexOf(opener);
    old.className = fresh.className;
    old.replaceChildren(...document.adoptNode(fresh).childNodes);
    const now = old.querySelectorAll("a");
    if (held >= 0) settle(now[held], false);
    if (came >= 0) opener = now[came];
    if (focused >= 0) now[focused].focus({ preventScroll: true });
    return old.id === beside()?.dataset.cell;
  }

  // Too much has changed to be sent cell by cell: the rows that are there, one stretch at a time.
  async function readAgain() {
    for (const body of [...table().tBodies]) {
      if (body.hasAttribute("data-room") || !body.isConnected) continue;
      const response = await fetch(address(body.dataset.page), { headers: { [PART]: "rows" } });
      if (!response.ok) return;
      const page = parse(`<table>${await response.text()}</table>`);
      for (const fresh of page.querySelectorAll("tbody :is(td, th)[id]")) renew(fresh);
    }
  }

  // What is open is shown anew when it has changed, unless somebody is writing there.
  async function renewOpen() {
    const { sourceHome, cell } = beside().dataset;
    if (!sourceHome || opened().contains(document.activeElement) && typing(document.activeElement)) return;
    const response = await fetch(sourceHome + location.search, { headers: { [PART]: "beside" } });
    const page = parse(await response.text());
    const fresh = page.getElementById("opened");
    if (!response.ok || !fresh || beside().dataset.cell !== cell) return;
    const focused = document.activeElement === opened();
    const written = [...opened().querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);
    if (written) return;
    opened().replaceWith(document.adoptNode(fresh));
    if (focused) opened().focus({ preventScroll: true });
    const source = page.querySelector("#source:not([hidden])");
    if (source && document.getElementById("source").hidden) {
      document.getElementById("source").replaceWith(document.adoptNode(source)); // there was no answer before
      htmx.process(beside());
      document.dispatchEvent(new CustomEvent("source:open"));
    } else document.dispatchEvent(new CustomEvent("source:mark"));
  }

  async function look() {
    const grid = document.getElementById("grid");
    if (!table() || document.hidden) return;
    const url = new URL(grid.dataset.changes, location.href);
    url.search = location.search;
    url.searchParams.set("since", grid.dataset.since);
    const response = await fetch(url);
    if (response.ok && document.getElementById("grid") === grid && put(parse(await response.text()))) await renewOpen();
  }

  let timer = null;
  function again() {
    clearTimeout(timer);
    const counts = document.getElementById("counts");
    if (!table() || !counts) return;
    timer = setTimeout(() => look().catch(() => {}).finally(again), counts.hasAttribute("data-working") ? BUSY : QUIET);
  }
  document.addEventListener("visibilitychange", () => !document.hidden && table() && look().catch(() => {}).finally(again));

  // beginning -------------------------------------------------------------------------------------------------

  let begun = null;
  function begin() {
    if (!table() || table() === begun) return;
    begun = table();
    // with scripts one link of the grid is reached by Tab, and arrows do the rest
    for (const link of begun.tHead.querySelectorAll("a")) link.setAttribute("tabindex", "-1");
    restoreWidths();
    if (localStorage.getItem("pincite-whole")) whole()?.setAttribute("aria-pressed", "true");
    watch();
    markOpen();
    const link = openCell()?.querySelector("a");
    settle(link ?? begun.querySelector("tbody td > a"), false);
    const first = begun.querySelector("tbody:not([data-room])");
    if (openCell()) show(openCell());
    else if (location.hash) show(document.getElementById(location.hash.slice(1))?.querySelector("th") ?? first.querySelector("th"));
    else if (first?.previousElementSibling?.matches("tbody")) show(first.querySelector("th"));
    if (!beside().hidden) document.dispatchEvent(new CustomEvent("source:open"));
    again();
  }
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:after:swap", begin);
})();
