// Picking documents for a table: Enter looks for what is written, and does not send the form.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("[data-find]")) return;
  event.preventDefault();
  event.target.form.querySelector("[data-look]").click();
});
