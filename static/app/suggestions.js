// A suggested question is a link to the form with it filled in; here it goes into the form that is open.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-question]");
  const field = document.getElementById("question");
  if (!link || !field || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  field.value = link.dataset.question;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
