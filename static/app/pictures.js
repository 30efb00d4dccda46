// Pictures for a question: pasted into it, dropped on it or chosen. Each is sent at once and comes
// back as a line of the form. Without this script they are sent along with the question.

(() => {
  "use strict";

  const place = (element) => element?.closest?.("form")?.querySelector(".pictures");
  const form = (target) => target?.closest?.(".ask form, form.new");
  const isPicture = (file) => file.type.startsWith("image/");

  function say(box, sentence, wrong = false) {
    const said = box.querySelector(".said");
    said.textContent = sentence;
    said.hidden = !sentence;
    said.classList.toggle("no", wrong);
  }

  async function send(box, file) {
    const token = box.closest("form").querySelector("[name=csrfmiddlewaretoken]").value;
    const body = new FormData();
    body.append("picture", file, file.name || box.dataset.named);
    const response = await fetch(box.dataset.add, { method: "POST", body, headers: { "X-CSRFToken": token } });
    const text = await response.text();
    if (response.status === 422) throw new Error(text);
    if (!response.ok) throw new Error(box.dataset.lost);
    box.querySelector("ol").append(...new DOMParser().parseFromString(text, "text/html").body.children);
  }

  // One after another, so that they keep their order. The question waits for them.
  async function add(box, files) {
    const button = box.closest("form").querySelector("button.go");
    button.disabled = true;
    say(box, box.dataset.wait);
    let wrong = "";
    for (const file of files) {
      if (box.querySelectorAll("ol li").length >= Number(box.dataset.most)) {
        wrong = box.dataset.many;
        break;
      }
      try {
        await send(box, file);
      } catch (error) {
        wrong = error instanceof TypeError ? box.dataset.lost : error.message;
      }
    }
    say(box, wrong, Boolean(wrong));
    button.disabled = false;
  }

  document.addEventListener("paste", (event) => {
    const box = place(form(event.target));
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    // a copied table or text comes with a picture of itself: its text is what was meant
    if (!box || !files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    add(box, files);
  });

  const carries = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!form(event.target) || !carries(event)) return;
    event.preventDefault();
    form(event.target).classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    const left = form(event.target);
    if (left && !left.contains(event.relatedTarget)) left.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    const onto = form(event.target);
    if (!onto || !carries(event)) return;
    event.preventDefault();
    onto.classList.remove("dropping");
    const files = [...event.dataTransfer.files];
    if (files.length) add(place(onto), files);
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches?.(".pictures [type=file]") || !event.target.files.length) return;
    const files = [...event.target.files];
    event.target.value = ""; // they go by themselves
    add(place(event.target), files);
  });

  document.addEventListener("click", (event) => {
    const line = event.target.closest?.(".unpicture")?.closest("li");
    if (!line) return;
    const box = place(line);
    line.remove();
    say(box, "");
    box.querySelector("[type=file]").focus();
  });
})();
