// The source beside the conversation. A footnote is a real link to the same page with the source
// open; on a wide screen only the pane is replaced, and the address moves along.

(() => {
  "use strict";

  const wide = matchMedia("(min-width: 1081px)"); // below, app.css gives the source the page
  const LINKS = ".turn a.n, .notes cite a";
  const INSIDE = "#source :is(.tabs, .strip, .pins, .findings, .note) a";
  const path = location.pathname;
  const pane = () => document.getElementById("source");
  // A cell beside its table has an address of its own: the page's stays where it is.
  const own = () => document.querySelector("[data-source-home]");
  const home = () => own()?.dataset.sourceHome ?? path;
  const address = () => (own() ? (pane()?.dataset.here ?? "") : location.href);
  let opener = null; // where the focus goes back to
  let request = null;

  // The place an address opens in this page's pane, as a comparable string; "" when none.
  const place = (href) => {
    const { origin, pathname, searchParams: query } = new URL(href, location.href);
    if (origin !== location.origin || pathname !== home() || !query.has("version")) return "";
    // where nothing is lit, the page is the place
    const last = query.has("start") ? ["start", "end"] : ["page"];
    return ["version", "answer", ...last].map((name) => query.get(name)).join(" ");
  };

  const footnotes = () => [...document.querySelectorAll(".turn a.n")].filter((link) => place(link.href));

  // The footnotes that lead to what is open say so, in the text and in the list.
  function markCurrent() {
    const here = place(address());
    for (const link of document.querySelectorAll(LINKS)) {
      const marked = link.matches("cite a") ? link.closest("li") : link;
      if (here && place(link.href) === here) marked.setAttribute("aria-current", "true");
      else marked.removeAttribute("aria-current");
    }
  }

  // The mark in the middle of its pane, or its beginning near the top when it is too tall.
  function showMark(focus) {
    const mark = document.getElementById("cited");
    const pages = mark?.closest(".pages");
    if (!pages || pane().hasAttribute("data-asked")) return;
    const box = mark.getBoundingClientRect();
    const view = pages.getBoundingClientRect();
    const above = Math.max((view.height - box.height) / 2, view.height * 0.12);
    pages.scrollTop += box.top - view.top - above;
    if (focus) mark.focus({ preventScroll: true });
  }

  function showFootnote() {
    const link = opener?.isConnected ? opener : document.querySelector(".n[aria-current]");
    link?.scrollIntoView({ block: "nearest" });
  }

  function beside(open) {
    if (!document.querySelector(".talk")) return; // the source is the page
    const shell = document.querySelector(".shell");
    shell.classList.toggle("has-source", open);
    shell.classList.toggle("wide", !open);
  }

  function closePane() {
    request?.abort();
    const closed = document.createElement("section");
    Object.assign(closed, { id: "source", className: "source", hidden: true });
    pane().replaceWith(closed);
    beside(false);
    markCurrent();
    if (opener?.isConnected) opener.focus();
  }

  // Fetches the pane of the page at href; anything unexpected becomes a plain visit.
  async function openPane(href, push) {
    request?.abort();
    const mine = (request = new AbortController());
    try {
      const response = await fetch(href, { signal: mine.signal, headers: { "Pincite-Part": "source" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("#source:not([hidden])");
      if (!response.ok || !fresh) throw new Error("no source in the answer");
      pane().replaceWith(document.adoptNode(fresh));
      htmx.process(pane());
    } catch (error) {
      if (!mine.signal.aborted) location.assign(href);
      return;
    }
    if (push && !own()) history.pushState({ htmx: true }, "", href);
    beside(true);
    markCurrent();
    document.dispatchEvent(new CustomEvent("source:open"));
    showMark(true);
    showFootnote();
  }

  function plainClick(event) {
    return event.button === 0 && !event.defaultPrevented && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  }

  document.addEventListener("click", (event) => {
    if (!plainClick(event) || !pane()) return;
    const link = event.target.closest(LINKS);
    if (link && (wide.matches || own()) && place(link.href)) {
      event.preventDefault();
      opener = link;
      openPane(link.href, true);
    }
    const inside = event.target.closest(INSIDE);
    if (inside && place(inside.href ?? inside.href.baseVal)) {
      event.preventDefault();
      openPane(inside.href ?? inside.href.baseVal, true);
    }
    const close = event.target.closest("#source a.close");
    if (close && document.querySelector(".talk")) {
      event.preventDefault();
      leave(close.href);
    }
  });

  function leave(href) {
    opener = opener?.isConnected ? opener : document.querySelector(".n[aria-current]");
    history.pushState({ htmx: true }, "", href);
    closePane();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
    const close = document.querySelector("#source a.close");
    if (event.key === "Escape" && close) {
      event.preventDefault();
      leave(close.href);
    }
    // only while the source or a footnote has the focus, so that letters stay letters elsewhere
    const step = { j: 1, k: -1 }[event.key];
    if (step && (own() || (close && wide.matches)) && event.target.closest?.(`#source, ${LINKS}`)) walk(step);
  });

  function walk(step) {
    const all = footnotes();
    const here = all.indexOf(opener) >= 0 ? all.indexOf(opener) : all.findIndex((link) => link.hasAttribute("aria-current"));
    const next = all[here + step];
    if (!next) return;
    opener = next;
    openPane(next.href, true);
  }

  // Back and forward change the pane alone: the conversation and a half-written question stay.
  document.addEventListener("htmx:before:history:restore", (event) => {
    if (location.pathname !== path || own() || !pane()) return;
    const { here: shown } = pane().dataset;
    const here = place(location.href);
    if (shown && place(shown) === here && !document.dispatchEvent(new CustomEvent("source:page", { cancelable: true }))) {
      event.preventDefault();
      return;
    }
    if (!document.querySelector(".talk")) return;
    event.preventDefault();
    opener = null; // the footnote of the address is the one that is open now
    if (here) openPane(location.href, false);
    else closePane();
  });

  document.addEventListener("htmx:after:swap", markCurrent);
  document.addEventListener("source:mark", markCurrent);
  document.addEventListener("source:close", () => request?.abort());
  document.addEventListener("source:open", () => {
    request?.abort(); // another pane has come meanwhile
    markCurrent();
    showMark(false);
  });
  document.addEventListener("DOMContentLoaded", () => {
    markCurrent();
    showMark(location.hash === "#cited");
    document.fonts.ready.then(() => showMark(false)); // they change the height of everything above
    if (wide.matches) showFootnote();
  });
})();
