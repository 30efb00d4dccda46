// A footnote shows its quote, document and page to whoever points at it or reaches it by keyboard.
// All of it is on the page already, in the list of footnotes; a tap opens the source as ever.

(() => {
  "use strict";

  const MARKS = ".turn a.n, .notes li cite a";
  const WAIT = 120; // milliseconds before it comes, so that passing over it shows nothing
  const LEAVE = 160; // and before it goes: long enough to move onto it
  const slip = new Slip("preview");
  slip.paper.id = "preview";
  slip.paper.setAttribute("role", "tooltip");
  let mark = null; // what is previewed
  let timer = 0;

  // The entry in the list of footnotes that a mark stands for.
  function entry(link) {
    const number = link.textContent.trim();
    return link.closest("li:has(> cite)") ?? document.getElementById(`${link.closest(".turn").id}-note-${number}`);
  }

  function written(note) {
    const title = Object.assign(document.createElement("b"), { dir: "auto" });
    const quote = Object.assign(document.createElement("q"), { dir: "auto" });
    const state = document.createElement("small");
    title.textContent = note.querySelector("cite").textContent;
    quote.textContent = note.querySelector("q").textContent;
    const said = note.querySelector(".ok, .near, .no");
    state.className = said.className;
    state.textContent = said.textContent;
    return [title, quote, state];
  }

  function show(link) {
    const note = entry(link);
    const quote = note?.querySelector("q");
    // an entry of the list shows its quote itself, unless it is too long
    if (!quote?.textContent || (note.contains(link) && quote.scrollHeight <= quote.clientHeight + 1)) return;
    hide();
    mark = link;
    mark.setAttribute("aria-describedby", slip.paper.id);
    slip.paper.replaceChildren(...written(note));
    slip.show(mark.getBoundingClientRect(), 380);
  }

  function hide() {
    clearTimeout(timer);
    mark?.removeAttribute("aria-describedby");
    mark = null;
    slip.hide();
  }

  function soon(action, milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const link = event.target.closest?.(MARKS);
    if (link) soon(() => show(link), WAIT);
    else if (slip.layer.contains(event.target)) clearTimeout(timer);
    else if (mark && !mark.matches(":focus-visible")) soon(hide, LEAVE);
    else if (!mark) clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest?.(MARKS);
    if (link?.matches(":focus-visible")) show(link);
    else if (mark && !link) hide();
  });
  document.addEventListener("focusout", () => mark && !mark.matches(":hover") && hide());
  document.addEventListener("click", (event) => event.target.closest?.(MARKS) && hide());
  document.addEventListener("scroll", (event) => mark && !slip.layer.contains(event.target) && hide(), true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !slip.shown) return;
    event.preventDefault(); // the source stays open
    hide();
  });

  // While an answer is written, its end is replaced again and again: the same mark in the new end.
  document.addEventListener("htmx:after:swap", () => {
    if (!mark || mark.isConnected) return;
    const { href, textContent: number } = mark;
    const again = [...document.querySelectorAll(MARKS)].find((one) => one.href === href && one.textContent === number);
    if (again) show(again);
    else hide();
  });
})();
