// The choice of a model: its closed form names what is chosen, and it closes like a menu.

(() => {
  "use strict";

  // below a conversation it lies over the page; in a form of its own it stays as it is
  const picker = () => document.querySelector(".ask details.picker[open]");

  function name(details) {
    const chosen = details.querySelector("[name=model]:checked");
    if (!chosen) return;
    const level = chosen.closest(".option").querySelector(".level select");
    const other = level && level.value !== level.dataset.usual ? `, ${level.selectedOptions[0].text}` : "";
    details.querySelector("[data-picked]").textContent = chosen.dataset.name + other;
    details.querySelector("summary").classList.remove("near");
  }

  const close = (details) => {
    details.open = false;
    if (details.contains(document.activeElement)) details.querySelector("summary").focus();
  };

  document.addEventListener("change", (event) => {
    const details = event.target.closest?.("details.picker");
    if (details) name(details);
  });
  document.addEventListener("click", (event) => {
    const open = picker();
    if (open && !open.contains(event.target)) open.open = false;
  });
  // no model is chosen, as none of those chosen before reads the documents: the list opens
  document.addEventListener(
    "invalid",
    (event) => {
      const details = event.target.name === "model" && event.target.closest("details.picker");
      if (details) details.open = true;
    },
    true,
  );
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".new details.picker[open]")) event.target.scrollIntoView({ block: "nearest" });
  }, true);
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && picker();
    if (!open) return;
    event.preventDefault();
    close(open);
  });
})();
