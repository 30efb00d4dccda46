// Text that is selected in a source can be asked about: on a page's picture as in its text. What
// counts are the characters of the document's text, which are counted in code points.

(() => {
  "use strict";

  const UNITS = "#source .leaf-text, #source .layer text";
  const slip = new Slip("asking");
  const source = () => document.getElementById("source");
  const points = (text) => [...text].length;
  let chosen = null; // {start, end, text}

  // Characters of a unit before a point of the document.
  function before(unit, node, offset) {
    const range = document.createRange();
    range.setStart(unit, 0);
    range.setEnd(node, offset);
    return Number(unit.dataset.start) + points(range.toString());
  }

  function read() {
    const selection = getSelection();
    if (selection.isCollapsed || !source()?.dataset.ask) return null;
    const range = selection.getRangeAt(0);
    const units = [...document.querySelectorAll(UNITS)].filter((unit) => range.intersectsNode(unit));
    if (!units.length) return null;
    const [first, last] = [units[0], units.at(-1)];
    const start = first.contains(range.startContainer) ? before(first, range.startContainer, range.startOffset) : Number(first.dataset.start);
    const all = last.dataset.end ?? Number(last.dataset.start) + points(last.textContent);
    const end = last.contains(range.endContainer) ? before(last, range.endContainer, range.endOffset) : Number(all);
    const text = selection.toString().replace(/\s+/g, " ").trim();
    return text && start < end ? { start, end, text } : null;
  }

  function offer() {
    chosen = read();
    if (!chosen) return slip.hide();
    const boxes = getSelection().getRangeAt(0).getClientRects();
    const view = source().querySelector(".pages").getBoundingClientRect();
    const seen = [...boxes].filter((box) => box.width && box.bottom > view.top && box.top < view.bottom);
    if (!seen.length) return slip.hide();
    slip.show(seen[0], 260);
  }

  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  const key = document.createElement("kbd");
  key.textContent = "A";
  slip.paper.append(button);

  // Beside a conversation the passage goes to the question below it; else to a question of its own.
  function ask() {
    const about = document.querySelector("#ask .about");
    const { version, ask: address } = source().dataset;
    if (!about || !about.closest("#ask").checkVisibility()) {
      location.assign(`${address}&start=${chosen.start}&end=${chosen.end}`);
      return;
    }
    about.querySelector("q").textContent = chosen.text;
    about.querySelector(".where").textContent = "";
    const values = { about_version: version, about_start: chosen.start, about_end: chosen.end };
    for (const [name, value] of Object.entries(values)) about.querySelector(`[name=${name}]`).value = value;
    about.hidden = false;
    getSelection().removeAllRanges();
    slip.hide();
    document.getElementById("question").focus();
  }

  let timer = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.replaceChildren(source()?.dataset.askLabel ?? "", key);
      offer();
    }, 150);
  });
  document.addEventListener("scroll", () => chosen && offer(), { capture: true, passive: true });
  slip.layer.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
  button.addEventListener("click", () => chosen && ask());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, textarea, select");
    if (event.key !== "a" || !slip.shown || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    ask();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !slip.shown) return;
    event.preventDefault();
    getSelection().removeAllRanges();
    slip.hide();
  });

  document.addEventListener("click", (event) => {
    const remove = event.target.closest?.(".about .remove");
    const about = remove?.closest(".about");
    if (!about) return;
    event.preventDefault();
    for (const field of about.querySelectorAll("input")) field.value = "";
    about.hidden = true;
    document.getElementById("question").focus();
  });
})();
