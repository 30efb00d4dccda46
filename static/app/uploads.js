// The list of files on their way: three at a time, what becomes of each, and all of them together.
// Without this the form sends its files at once and comes back with the page.

(() => {
  "use strict";

  const AT_ONCE = 3;
  const SPEED_OVER = 10_000; // ms that the time left is judged by
  const SAY_EVERY = 10_000; // ms between two spoken sentences
  const form = () => document.getElementById("upload");
  const panel = () => document.getElementById("uploads");
  const part = (selector) => panel().querySelector(selector);
  const words = () => panel().dataset;
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

  // Each: {file, place, key, begun, state, transfer, line, sent}; begun is where the server has some of it; states: waiting, running, done, refused, broken
  let items = [];
  let paused = false;
  let speed = []; // [time, bytes sent so far], the last SPEED_OVER
  let said = { at: 0, text: "" };

  // adding --------------------------------------------------------------------------------------

  const keyOf = (name, size, fingerprint) => JSON.stringify([name, Number(size), String(fingerprint)]);

  function add(files) {
    for (const { file, path } of files) {
      const key = keyOf(file.name, file.size, Transfer.fingerprint(file));
      const { begun, ...place } = resumed(key, path) ?? { path, folder: form().elements.folder?.value ?? "" };
      const same = (item) => item.key === key && item.place.path === place.path && item.place.folder === place.folder;
      if (items.some((item) => same(item) && ["waiting", "running"].includes(item.state))) continue;
      const again = items.find((item) => same(item) && item.state === "broken");
      if (again) drop(again);
      const item = { file, place, key, begun: begun ?? again?.transfer?.address, sent: 0 };
      item.line = line(item);
      items.push(item);
      to(item, "waiting");
    }
    panel().hidden = false;
    next();
    show();
  }

  // A file that was interrupted goes where it was going, wherever it is chosen from now.
  function resumed(key, path) {
    for (const old of part(".unfinished").children) {
      const { name, size, fingerprint, path: was, folder } = old.dataset;
      if (keyOf(name, size, fingerprint) !== key || (path && path !== was)) continue;
      old.remove();
      return { path: was, folder, begun: old.querySelector("form")?.action.replace(/discard\/$/, "") };
    }
    return null;
  }

  function line(item) {
    const made = document.getElementById("upload-line").content.firstElementChild.cloneNode(true);
    const name = made.querySelector(".name");
    name.textContent = item.place.path ? `${item.place.path}/${item.file.name}` : item.file.name;
    name.title = name.textContent;
    made.item = item;
    return made;
  }

  // states --------------------------------------------------------------------------------------

  const LISTS = { waiting: ".waiting ul", running: ".running", done: ".done ul", refused: ".refused", broken: ".refused" };

  function to(item, state, ...outcome) {
    item.state = state;
    item.line.querySelector(".outcome").replaceChildren(...outcome);
    item.line.querySelector(".cancel").hidden = !["waiting", "running", "broken"].includes(state);
    item.line.querySelector(".again").hidden = state !== "broken";
    part(LISTS[state]).append(item.line);
    remember();
  }

  function drop(item) {
    item.transfer?.stop();
    item.line.remove();
    items = items.filter((other) => other !== item);
    remember();
  }

  function next() {
    let running = items.filter((item) => item.state === "running").length;
    for (const item of items) {
      if (paused || running >= AT_ONCE) return;
      if (item.state !== "waiting") continue;
      running += 1;
      start(item);
    }
  }

  const element = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

  async function start(item) {
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0, ariaLabel: item.file.name });
    const percent = element("span", "percent", "0 %");
    to(item, "running", bar, percent);
    const told = {
      progress(bytes) {
        item.sent = bytes;
        bar.value = Math.floor((100 * bytes) / item.file.size);
        percent.textContent = `${bar.value} %`;
      },
      storing: () => (percent.textContent = words().storing),
      again: (seconds) => (percent.textContent = fill(words().again, { n: seconds })),
    };
    item.transfer = new Transfer(item.file, item.place, form(), words(), told);
    try {
      await arrived(item, await item.transfer.run());
    } catch (error) {
      if (!items.includes(item)) return;
      failed(item, error);
    }
    next();
    show();
    if (!items.some((one) => ["waiting", "running"].includes(one.state))) showFolders();
  }

  // Rows come with the answers, folders that were made do not. Whoever is choosing is left alone.
  function showFolders() {
    const made = items.some((item) => item.state === "done" && item.place.path);
    if (!made || document.querySelector("#rows :checked")) return recount();
    htmx.ajax("GET", location.pathname + location.search, { target: "#listing", select: "#listing", swap: "outerHTML" });
  }

  // The answer carries the row of a new document, or a sentence why there is none.
  async function arrived(item, fragment) {
    item.sent = item.file.size;
    const outcome = element("span", "");
    to(item, "done", outcome);
    document.querySelector("table.documents")?.removeAttribute("hidden");
    await htmx.swap({ text: fragment, sourceElement: form(), target: outcome, swap: "innerHTML strip:true" });
    if (!outcome.textContent.trim()) outcome.replaceChildren(element("span", "ok", `✓ ${words().arrived}`));
    showTable();
  }

  function failed(item, error) {
    if (error instanceof Refused) to(item, "refused", element("span", "no", `✕ ${error.message}`));
    else if (error instanceof Stopped || error instanceof SignedOut) to(item, "waiting");
    else to(item, "broken", element("span", "no", `✕ ${words().lost}`));
    if (error instanceof SignedOut) {
      pause(true);
      notice(words().signin);
    }
    if (!(error instanceof Refused || error instanceof Stopped || error instanceof SignedOut || error instanceof Broken)) throw error;
  }

  function pause(wanted) {
    paused = wanted;
    speed = [];
    if (!paused) notice("");
    for (const item of items) if (paused && item.state === "running") item.transfer.stop();
    next();
    show();
  }

  function notice(sentence) {
    part(".notice").textContent = sentence;
    part(".notice").hidden = !sentence;
    if (sentence) panel().hidden = false;
  }

  // all together --------------------------------------------------------------------------------

  function show() {
    const count = (...states) => items.filter((item) => states.includes(item.state)).length;
    const busy = count("waiting", "running") > 0;
    const ended = count("done", "refused");
    part(".overall").hidden = !items.length;
    part(".tally").textContent = fill(words().tally, { done: ended, total: items.length });
    part(".pause").hidden = !busy;
    part(".pause").textContent = part(".pause").dataset[paused ? "resume" : "pause"];
    part(".dismiss").hidden = busy;
    fold(".waiting", words().waiting, count("waiting"));
    fold(".done", words().done, count("done"));
    showBytes(busy);
    speak(busy, { done: count("done"), total: items.length, refused: count("refused", "broken") });
  }

  function fold(selector, sentence, n) {
    part(selector).hidden = !n;
    part(`${selector} summary`).textContent = fill(sentence, { n });
  }

  function showBytes(busy) {
    const counted = items.filter((item) => item.state !== "refused");
    const size = counted.reduce((sum, item) => sum + item.file.size, 0);
    const sent = counted.reduce((sum, item) => sum + item.sent, 0);
    const [unit, name] = size < 1e6 ? [1e3, words().kilobytes] : [1e6, words().megabytes];
    const amount = (bytes) => (bytes / unit).toFixed(unit === 1e6 && size < 1e7 ? 1 : 0);
    part(".overall progress").value = size ? Math.floor((1000 * sent) / size) : 1000;
    const rest = !busy ? words().finished : paused ? words().paused : timeLeft(sent, size);
    part(".left").textContent = [fill(name, { sent: amount(sent), size: amount(size) }), rest].filter(Boolean).join(" · ");
  }

  function timeLeft(sent, size) {
    const now = performance.now();
    speed = [...speed.filter(([at]) => now - at < SPEED_OVER), [now, sent]];
    const [at, bytes] = speed[0];
    if (now - at < 2000 || sent <= bytes) return "";
    const seconds = Math.ceil((((size - sent) / (sent - bytes)) * (now - at)) / 1000);
    return seconds < 60 ? fill(words().seconds, { n: seconds }) : fill(words().minutes, { n: Math.ceil(seconds / 60) });
  }

  // A screen reader hears how it goes, not every step of every file.
  function speak(busy, numbers) {
    const text = !busy ? words().saidEnd : paused ? words().saidPaused : words().said;
    const due = performance.now() - said.at > SAY_EVERY || !busy || paused;
    const sentence = items.length ? fill(text, numbers) : "";
    if (!due || sentence === said.text) return;
    said = { at: performance.now(), text: sentence };
    part(".said").textContent = sentence;
  }

  setInterval(() => form() && items.some((item) => item.state === "running") && show(), 500);

  function showTable() {
    const any = Boolean(document.querySelector("#rows > tr"));
    document.querySelector("table.documents")?.toggleAttribute("hidden", !any);
    document.querySelector(".selected")?.toggleAttribute("hidden", !any);
    document.getElementById("empty")?.remove();
  }

  // after a reload ------------------------------------------------------------------------------

  const shelf = () => `uploads ${form().action}`;

  // The browser forgets the files themselves; their names remind whoever was sending them.
  let reminder;
  function remember() {
    reminder ??= setTimeout(writeDown, 300);
  }

  function writeDown() {
    reminder = clearTimeout(reminder);
    if (!form()) return;
    const open = items.filter((item) => ["waiting", "running", "broken"].includes(item.state));
    const kept = open.map(({ file, place }) => ({ ...place, name: file.name, size: file.size, fingerprint: Transfer.fingerprint(file) }));
    for (const old of part(".unfinished").children) if (old.ours) kept.push({ ...old.dataset });
    try {
      sessionStorage.setItem(shelf(), JSON.stringify(kept));
    } catch {
      // no room for so many names: the large files among them are known to the server
    }
  }
  window.addEventListener("pagehide", writeDown);

  function recall() {
    if (!form()) return;
    for (const entry of JSON.parse(sessionStorage.getItem(shelf()) ?? "[]")) {
      const here = [...part(".unfinished").children].some(({ dataset }) => keyOf(dataset.name, dataset.size, dataset.fingerprint) === keyOf(entry.name, entry.size, entry.fingerprint));
      if (here) continue; // the server has some of it, and says how much
      const old = line({ file: entry, place: entry });
      Object.assign(old.dataset, entry);
      old.ours = true;
      old.querySelector(".outcome").replaceChildren(element("span", "near", words().continue));
      part(".unfinished").append(old);
    }
    if (part(".unfinished").children.length) panel().hidden = false;
    remember();
  }

  document.addEventListener("DOMContentLoaded", recall);

  // events --------------------------------------------------------------------------------------

  document.addEventListener("upload:files", (event) => add(event.detail));
  document.addEventListener("upload:notice", (event) => notice(words()[event.detail]));

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#uploads")) return;
    const { item } = event.target.closest("li") ?? {};
    if (event.target.matches(".cancel")) cancel(event.target.closest("li"));
    else if (event.target.matches(".again")) to(item, "waiting");
    else if (event.target.matches(".pause")) return pause(!paused);
    else if (event.target.matches(".dismiss")) dismiss();
    else return;
    next();
    show();
  });

  function cancel(old) {
    if (old.ours) old.remove();
    else {
      drop(old.item);
      discard(old.item.transfer?.address ?? old.item.begun);
    }
    if (!items.length && !part(".unfinished").children.length) panel().hidden = true;
    remember();
  }

  // What has arrived of a file that is not wanted. If that is not heard, it is swept in some days.
  function discard(begun) {
    if (!begun) return;
    const headers = { "HX-Request": "true", "X-CSRFToken": form().elements.csrfmiddlewaretoken.value };
    fetch(`${begun}discard/`, { method: "POST", headers, keepalive: true }).catch(() => {});
  }

  function dismiss() {
    for (const item of items) item.line.remove();
    items = [];
    notice("");
    panel().hidden = !part(".unfinished").children.length;
    remember();
    document.querySelector("#upload-files").focus();
  }

  window.addEventListener("online", () => !paused && next());
  window.addEventListener("beforeunload", (event) => {
    if (items.some((item) => ["waiting", "running"].includes(item.state))) event.preventDefault();
  });

  // Every line of a document that waits asks how far it is. What nobody sees asks the less often
  // the more there are, or two hundred files would keep the server from everything else.
  const OFTEN = 60; // ms between two lines that are out of sight
  document.addEventListener("htmx:before:request", (event) => {
    const row = event.target;
    if (event.detail.ctx.sourceEvent?.type !== "every" || !row.matches?.("#rows > tr")) return;
    const { top, bottom } = row.getBoundingClientRect();
    const now = performance.now();
    const pause = bottom > 0 && top < innerHeight ? 0 : OFTEN * document.querySelectorAll("#rows > [hx-get]").length;
    if (now - (row.asked ?? 0) < pause) event.preventDefault();
    else row.asked = now;
  });

  // The sentence above the table counts what arrived, and again when the last of it has been read.
  function recount() {
    const read = { target: "#total", select: "#total", swap: "outerHTML" };
    if (document.getElementById("total")) htmx.ajax("GET", location.pathname + location.search, read);
  }

  document.addEventListener("htmx:after:swap", (event) => {
    const row = event.detail.ctx.sourceElement?.id?.startsWith("document-");
    if (row && !document.querySelector("#rows [hx-get]")) recount();
  });
})();
