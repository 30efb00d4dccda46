// The library's list: ranges and whole pages chosen at once, and lines dragged onto folders.
// Everything is delegated, because htmx replaces the list.

(() => {
  "use strict";

  const KIND = "application/x-pincite"; // so that nothing else takes what is dragged for its own
  const form = () => document.getElementById("selection");
  const boxes = () => [...form().querySelectorAll(".pick [name]")];
  const page = () => form()?.querySelector(".everything");
  let last = null; // the box that was clicked before, where a range begins

  function count() {
    if (!form()) return;
    const all = boxes();
    const chosen = all.filter((box) => box.checked).length;
    const note = form().querySelector(".selected .count");
    if (note) note.textContent = chosen ? (chosen === 1 ? note.dataset.one : note.dataset.many.replace("%", chosen)) : "";
    if (!page()) return;
    page().checked = chosen > 0 && chosen === all.length;
    page().indeterminate = chosen > 0 && chosen < all.length;
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("#selection .pick input");
    if (!box) return;
    if (box.classList.contains("everything")) for (const one of boxes()) one.checked = box.checked;
    else if (event.shiftKey && last?.isConnected) range(last, box);
    if (box.name) last = box;
    count();
  });

  function range(from, to) {
    const all = boxes();
    const [first, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
    for (const box of all.slice(first, end + 1)) box.checked = to.checked;
  }

  // A line that is still being read replaces itself: what was chosen stays chosen.
  let kept = false;
  const line = (event) => {
    const id = event.detail.ctx.sourceElement?.id;
    return id?.startsWith("document-") ? document.getElementById(id) : null;
  };
  document.addEventListener("htmx:before:swap", (event) => {
    kept = Boolean(line(event)?.querySelector(".pick input")?.checked);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    const box = line(event)?.querySelector(".pick input");
    if (box && kept) box.checked = true;
    if (event.detail.ctx.sourceElement?.closest?.(".pager")) document.getElementById("listing")?.scrollIntoView();
    count();
    unpacking(line(event));
  });

  // An archive that is unpacked makes folders: they come with the first file of it, and are counted
  // again with the last. Whoever has chosen some is left alone.
  const unpacked = new Map();
  function unpacking(row) {
    if (!row?.querySelector(".within")) return;
    const state = row.hasAttribute("hx-get") ? "begun" : "ended";
    if (unpacked.get(row.id) === state) return;
    unpacked.set(row.id, state);
    const read = { target: "#folders", select: "#folders", swap: "outerHTML" };
    const folders = document.getElementById("folders");
    if (folders && !folders.querySelector(":checked")) htmx.ajax("GET", location.pathname + location.search, read);
  }

  document.addEventListener("DOMContentLoaded", () => {
    count(); // after going back the browser has ticked them again
    document.querySelector("#listing .messages")?.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("pageshow", count);

  // Enter in the field for a tag adds the tag: the form's first button would ask.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "tag-name") return;
    event.preventDefault();
    form().requestSubmit(event.target.parentElement.querySelector("button"));
  });

  // Filters that are set are marked, for the link that clears them.
  document.addEventListener("change", (event) => {
    const field = event.target.closest?.("#narrow .fields :is(select, input)");
    if (field) field.toggleAttribute("data-set", Boolean(field.value));
  });

  // Dragging a chosen line drags all that are chosen.
  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("#selection tr[draggable]");
    if (!row) return;
    const mine = row.querySelector(".pick input");
    if (!mine.checked) for (const box of boxes()) box.checked = box === mine;
    count();
    const chosen = boxes().filter((box) => box.checked);
    event.dataTransfer.clearData();
    event.dataTransfer.setData(KIND, String(chosen.length));
    event.dataTransfer.effectAllowed = "move";
    for (const box of chosen) box.closest("tr").classList.add("dragging");
    const name = chosen.length === 1 ? row.querySelector(".name a").textContent : form().querySelector(".selected .count").textContent;
    const badge = Object.assign(document.createElement("div"), { className: "dragged", textContent: name });
    document.body.append(badge);
    event.dataTransfer.setDragImage(badge, -8, 8);
    setTimeout(() => badge.remove());
  });

  const carried = (event) => event.dataTransfer?.types.includes(KIND);
  const into = (event) => event.target.closest?.("[data-into]:not(.dragging)");
  function mark(target) {
    for (const one of document.querySelectorAll(".into")) one.classList.toggle("into", one === target);
    target?.classList.add("into");
  }
  document.addEventListener("dragover", (event) => {
    if (!carried(event)) return;
    mark(into(event));
    if (into(event)) event.preventDefault();
  });
  document.addEventListener("dragend", () => {
    mark(null);
    for (const row of document.querySelectorAll(".dragging")) row.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    const target = carried(event) && into(event);
    if (!target) return;
    event.preventDefault();
    const to = Object.assign(document.createElement("input"), { type: "hidden", name: "to", value: target.dataset.into });
    form().append(to);
    form().requestSubmit(document.getElementById("move"));
  });
})();
