// Review tables beside their grid: a cell, a row or a summary, opened in place; what is said there,
// and what others say meanwhile, changes single cells of the grid. All of it is links and forms
// without this.

(() => {
  "use strict";

  const PART = "Pincite-Part";
  const BUSY = 2000, QUIET = 20000; // ms between looks at what has changed

  const { table, settle, show, row, address, holds } = Grid;
  const beside = () => document.getElementById("beside");
  const opened = () => document.getElementById("opened");
  const typing = (target) => target.matches?.("input, textarea, select, [contenteditable]");
  const plain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing);
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");

  // beside the grid -----------------------------------------------------------------------------------------

  let request = null;
  let opener = null;

  const openCell = () => document.getElementById(beside()?.dataset.cell ?? "");
  const wayIn = () => openCell()?.querySelector(".sum, a:not(.sort)");

  function markOpen() {
    const shown = openCell();
    for (const cell of document.querySelectorAll("[data-grid] :is(td, th)[aria-current]")) if (cell !== shown) cell.removeAttribute("aria-current");
    shown?.setAttribute("aria-current", "true");
  }

  // What an address says of rows; the rest is what is open beside them.
  const rowsOf = (url) => {
    const { pathname, searchParams } = new URL(url);
    for (const name of ["cell", "summary"]) searchParams.delete(name);
    return `${pathname}?${searchParams}`;
  };
  let shownRows = "";

  // The address says which cell or summary is open; the first one is a step to come back from.
  function point(anchor) {
    const url = new URL(location.href);
    const [, kind, id] = anchor.match(/^(cell|column)-(.+)/) ?? [];
    const before = url.searchParams.get("cell") ?? url.searchParams.get("summary");
    if (before === (id ?? null)) return;
    for (const name of ["cell", "summary"]) url.searchParams.delete(name);
    if (id) url.searchParams.set(kind === "cell" ? "cell" : "summary", id);
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
    if (push) point(cell);
    opened().focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("source:open"));
    if (!openCell() && at) await row(Number(at) + 1);
    opener = openCell()?.contains(from) ? from : (wayIn() ?? from);
    markOpen();
    if (openCell()) {
      settle(opener, false);
      show(openCell());
    }
  }

  function close({ push = true } = {}) {
    request?.abort();
    const back = opener?.isConnected ? opener : wayIn();
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
    if (event.defaultPrevented || !table() || !beside() || rowsOf(location.href) !== shownRows) return;
    event.preventDefault();
    const { searchParams } = new URL(location.href);
    const named = searchParams.get("cell") ?? searchParams.get("summary");
    const link = named && document.querySelector(`#cell-${CSS.escape(named)} > a, #column-${CSS.escape(named)} > .sum`);
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
    let open = false;
    for (const fresh of all.querySelectorAll(":is(td, th)[id]")) open = renew(fresh) || open;
    if (all.hasAttribute("data-many")) readAgain();
    return open;
  }

  function renew(fresh) {
    const old = document.getElementById(fresh.id);
    if (!old || (old.className === fresh.className && old.textContent === fresh.textContent)) return false;
    const links = [...old.querySelectorAll("a")];
    const [held, focused] = [links.findIndex(holds), links.indexOf(document.activeElement)];
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
    document.dispatchEvent(new CustomEvent("source:mark"));
  }

  async function look() {
    const grid = document.getElementById("grid");
    if (!table() || document.hidden) return;
    const url = new URL(grid.dataset.changes, location.href);
    url.search = location.search;
    url.searchParams.set("since", grid.dataset.since);
    const response = await fetch(url);
    if (!response.ok || document.getElementById("grid") !== grid) return;
    const page = parse(await response.text());
    // not where a mark is put: its answer tells nothing of what others did before
    grid.dataset.since = page.getElementById("changes").dataset.since;
    if (put(page)) await renewOpen();
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

  function begin() {
    if (!Grid.begin()) return;
    shownRows = rowsOf(location.href);
    markOpen();
    const link = wayIn();
    settle(link ?? table().querySelector("tbody td > a"), false);
    const first = table().querySelector("tbody:not([data-room])");
    if (openCell()) show(openCell());
    else if (location.hash) show(document.getElementById(location.hash.slice(1))?.querySelector("th") ?? first.querySelector("th"));
    else if (first?.previousElementSibling?.matches("tbody")) show(first.querySelector("th"));
    if (!beside().hidden) document.dispatchEvent(new CustomEvent("source:open"));
    again();
  }
  document.addEventListener("grid:rows", markOpen);
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:after:swap", begin);
})();
