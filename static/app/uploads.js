// Uploads: files dropped anywhere on the library, or chosen, are sent one by one with their
// progress. Without this the form sends them all at once and comes back with the page.

(() => {
  "use strict";

  const AT_ONCE = 3;
  const form = () => document.getElementById("upload");
  const waiting = [];
  let sending = 0;

  document.documentElement.classList.add("js");

  const element = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

  function line(file) {
    const item = document.createElement("li");
    const outcome = element("span", "outcome");
    item.append(element("span", "name clip", file.name), outcome);
    document.getElementById("uploads").append(item);
    return outcome;
  }

  function add(files) {
    if (!sending && !waiting.length) document.getElementById("uploads").replaceChildren();
    for (const file of files) enqueue(file, line(file));
    next();
  }

  function enqueue(file, outcome) {
    outcome.replaceChildren(form().dataset.waiting);
    waiting.push([file, outcome]);
  }

  function next() {
    while (sending < AT_ONCE && waiting.length) {
      const [file, outcome] = waiting.shift();
      if (file.size > Number(form().dataset.maxMb) * 1e6) fail(file, outcome, form().dataset.tooLarge, false);
      else send(file, outcome);
    }
  }

  function send(file, outcome) {
    const target = form();
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0, ariaLabel: file.name });
    const percent = element("span", "percent", "0 %");
    const sent = new XMLHttpRequest();
    const body = new FormData();
    body.append("files", file, file.name);
    outcome.replaceChildren(bar, percent);
    sending += 1;
    sent.upload.onprogress = ({ loaded, total }) => {
      bar.value = Math.floor((100 * loaded) / total);
      percent.textContent = `${bar.value} %`;
    };
    sent.onload = () => settle(sent, file, outcome);
    sent.onerror = () => fail(file, outcome, target.dataset.lost, true);
    sent.onloadend = () => {
      sending -= 1;
      next();
    };
    sent.open("POST", target.action);
    sent.setRequestHeader("HX-Request", "true");
    sent.setRequestHeader("X-CSRFToken", target.elements.csrfmiddlewaretoken.value);
    sent.send(body);
  }

  // The answer carries the row of a new document, or a sentence why there is none.
  async function settle(sent, file, outcome) {
    const answered = [200, 422].includes(sent.status) && sent.responseURL === form().action;
    if (!answered) return fail(file, outcome, form().dataset.refused, true);
    document.querySelector("table.documents").hidden = false;
    await htmx.swap({ text: sent.responseText, sourceElement: form(), target: outcome, swap: "innerHTML strip:true" });
    if (outcome.textContent.trim()) return showTable();
    outcome.replaceChildren(element("span", "ok", `✓ ${form().dataset.arrived}`));
    setTimeout(() => outcome.parentElement.remove(), 4000); // its row is in the table
    showTable();
  }

  function showTable() {
    const any = Boolean(document.querySelector("#rows > tr"));
    document.querySelector("table.documents").hidden = !any;
    document.querySelector(".selected")?.toggleAttribute("hidden", !any);
    if (any) document.getElementById("empty")?.remove();
  }

  function fail(file, outcome, sentence, again) {
    outcome.replaceChildren(element("span", "no", `✕ ${sentence}`));
    if (!again) return;
    const retry = element("button", "link", form().dataset.retry);
    retry.type = "button";
    retry.onclick = () => {
      enqueue(file, outcome);
      next();
    };
    outcome.append(retry);
  }

  // Folders are walked, so that dropping one is dropping its files.
  async function walk(entry) {
    if (entry.isFile) return [await new Promise((found, lost) => entry.file(found, lost))];
    const reader = entry.createReader();
    const files = [];
    for (;;) {
      const some = await new Promise((found, lost) => reader.readEntries(found, lost));
      if (!some.length) return files;
      for (const one of some) files.push(...(await walk(one)));
    }
  }

  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...transfer.files];
    return entries.some((entry) => entry.isDirectory) ? (await Promise.all(entries.map(walk))).flat() : files;
  }

  document.addEventListener("change", (event) => {
    if (event.target.id !== "upload-files") return;
    add([...event.target.files]);
    event.target.value = ""; // so that choosing the same file again is a change
  });

  const carriesFiles = (event) => form() && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    form().classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form()?.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    form().classList.remove("over");
    add(await dropped(event.dataTransfer));
  });

  window.addEventListener("beforeunload", (event) => {
    if (sending || waiting.length) event.preventDefault();
  });

  // When the last document has been read, the sentence above the table counts it.
  document.addEventListener("htmx:after:swap", (event) => {
    const row = event.detail.ctx.sourceElement?.id?.startsWith("document-");
    if (!row || document.querySelector("#rows [hx-get]")) return;
    htmx.ajax("GET", location.pathname + location.search, { target: "#total", select: "#total", swap: "outerHTML" });
  });
})();
