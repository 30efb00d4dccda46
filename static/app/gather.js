// Files come from a drop, a choice or a paste; all of them leave here as one event, each with the
// folders it stood in.

(() => {
  "use strict";

  const SYSTEM = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/i; // nobody means to upload these
  const ADDRESS = /^(https?|ftp|file|mailto):\S+$/i;
  const MAIL = /^(?:[\w-]+:.*\r?\n(?:[ \t].*\r?\n)*){2,}/;
  const form = () => document.getElementById("upload");
  const send = (name, detail) => form().dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  const add = (files) => files.length && send("upload:files", files);
  let ours = false; // something of this very page is being dragged

  document.documentElement.classList.add("js");

  document.addEventListener("change", (event) => {
    const { target } = event;
    if (!["upload-files", "upload-folder"].includes(target.id)) return;
    const chosen = [...target.files].map((file) => ({ file, path: (file.webkitRelativePath || "").replace(/\/?[^/]*$/, "") }));
    add(chosen.filter(({ file, path }) => !path || !SYSTEM.test(file.name)));
    target.value = ""; // so that choosing the same file again is a change
  });

  // drop ----------------------------------------------------------------------------------------

  async function walk(entry, path) {
    if (entry.isFile) {
      const file = await new Promise((found, lost) => entry.file(found, lost));
      return path && SYSTEM.test(file.name) ? [] : [{ file, path }];
    }
    const reader = entry.createReader();
    const below = path ? `${path}/${entry.name}` : entry.name;
    const files = [];
    for (;;) {
      const some = await new Promise((found, lost) => reader.readEntries(found, lost));
      if (!some.length) return files;
      for (const one of some) files.push(...(await walk(one, below)));
    }
  }

  async function addDropped(transfer) {
    // asked for before anything is waited for: afterwards the drop is over
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...transfer.files].map((file) => ({ file, path: "" }));
    const text = transfer.getData("text/plain");
    if (!files.length) return addText(text);
    if (!entries.some((entry) => entry.isDirectory)) return add(files);
    const found = await Promise.allSettled(entries.map((entry) => walk(entry, "")));
    add(found.flatMap((one) => one.value ?? []));
    if (found.some((one) => one.status === "rejected")) send("upload:notice", "unreadable");
  }

  // A mail program or a selection gives text; a link gives an address, and nothing is fetched.
  function addText(text) {
    if (!text.trim() || ADDRESS.test(text.trim())) return send("upload:notice", "address");
    add([{ file: fileOf(text, nameOf(text)), path: "" }]);
  }

  const isMail = (text) => MAIL.test(text) && /^From:/im.test(text) && /^(Subject|Date|To):/im.test(text);
  const fileOf = (text, name) => new File([text], name, { type: "text/plain" });
  function nameOf(text) {
    const subject = isMail(text) && text.match(/^Subject:[ \t]*(.+)$/im)?.[1];
    const first = (subject || text.trim().split("\n", 1)[0]).replace(/[\\/#*]+/g, " ").trim().slice(0, 80);
    return `${first}${isMail(text) ? ".eml" : ".txt"}`;
  }

  const takes = ({ dataTransfer, target }) =>
    form() && !ours && dataTransfer && !target.closest?.("input, textarea, [contenteditable]") &&
    ["Files", "text/plain", "text/uri-list"].some((type) => dataTransfer.types.includes(type));
  document.addEventListener("dragstart", () => (ours = true));
  document.addEventListener("dragend", () => (ours = false));
  document.addEventListener("dragover", (event) => {
    if (!takes(event)) return;
    event.preventDefault();
    form().classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form()?.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    form()?.classList.remove("over");
    if (!takes(event)) return;
    event.preventDefault();
    addDropped(event.dataTransfer);
  });

  // paste ---------------------------------------------------------------------------------------

  const pasting = () => document.getElementById("pasting");
  const fields = () => pasting().querySelector("form").elements;

  document.addEventListener("paste", (event) => {
    if (!form() || event.target.closest?.("input, textarea, [contenteditable]")) return;
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData("text/plain");
    if (!files.length && !text.trim()) return;
    event.preventDefault();
    if (files.length) return add([...files].map((file) => ({ file: named(file), path: "" })));
    open(text);
  });

  // Pictures from the clipboard are all called image.png.
  function named(file) {
    if (!/^image\.\w+$/.test(file.name)) return file;
    const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString();
    const name = `${now.slice(0, 19).replace("T", " ").replaceAll(":", ".")}${file.name.slice(5)}`;
    return new File([file], name, { type: file.type, lastModified: file.lastModified });
  }

  // What was pasted by chance must not become a document: it is shown first.
  function open(text = "") {
    if (text) Object.assign(fields().text, { value: text });
    if (text) Object.assign(fields().title, { value: nameOf(text).replace(/\.txt$/, "") });
    pasting().showModal();
    fields()[text ? "title" : "text"].focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#upload a.paste")) {
      event.preventDefault();
      open();
    } else if (event.target.closest("#pasting a.btn")) {
      event.preventDefault();
      pasting().close();
    }
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#pasting")) return;
    event.preventDefault();
    const { title, text } = fields();
    const named = title.value.replace(/[\\/]/g, "-"); // no folder is meant
    const name = /\.(md|txt|eml)$/i.test(named) ? named : `${named}.txt`;
    add([{ file: fileOf(text.value, name), path: "" }]);
    event.target.reset();
    pasting().close();
  });
})();
