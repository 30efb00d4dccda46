// The conversation: the composer's keys, and where it scrolls to. Everything is delegated, because
// htmx replaces what is listened to.

(() => {
  "use strict";

  const NEAR = 80; // pixels from the end that still count as reading at the end
  const MARGIN = 24; // above a question that is scrolled to
  const pane = () => document.querySelector(".talk .scroll");
  let following = false;

  // Enter asks, Shift+Enter begins a line; on a touch keyboard only the button asks.
  document.addEventListener("keydown", (event) => {
    const area = event.target.closest?.(".ask textarea, .new textarea");
    if (!area || event.key !== "Enter" || event.isComposing || event.shiftKey || event.altKey) return;
    const deliberate = event.ctrlKey || event.metaKey;
    if (!deliberate && matchMedia("(pointer: coarse)").matches) return;
    event.preventDefault();
    const button = area.form.querySelector("button.go");
    if (!button.disabled) area.form.requestSubmit(button);
  });

  // A running answer is also polled, in case its stream breaks. While the stream holds, an answer
  // that still runs must not replace the one on the page: what is there is newer.
  document.addEventListener("htmx:after:sse:connection", (event) => event.target.classList.add("connected"));
  document.addEventListener("htmx:sse:close", (event) => event.target.classList?.remove("connected"));

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    const scroll = pane();
    following = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
    const polled = ctx.sourceEvent?.type === "every" && ctx.sourceElement.matches(".answer");
    if (polled && ctx.sourceElement.querySelector(".connected") && ctx.text.includes("aria-busy=")) {
      event.preventDefault();
    }
  });

  // What was refused because an answer was being written can be asked now.
  document.addEventListener("done", () => document.querySelectorAll("#ask form > .no").forEach((told) => told.remove()));

  // Whoever reads at the end stays there, but is not carried past the question that is being
  // answered; whoever scrolled away is left alone.
  document.addEventListener("htmx:after:swap", (event) => {
    const scroll = pane();
    const turn = scroll?.querySelector("#turns > :last-child");
    const asked = event.detail.ctx.target?.id === "turns";
    if (!turn || !(following || asked)) return;
    const top = scroll.scrollTop + turn.getBoundingClientRect().top - scroll.getBoundingClientRect().top - MARGIN;
    const past = !asked && scroll.scrollTop > top + MARGIN;
    scroll.scrollTop = past ? scroll.scrollHeight : top; // the browser stops at the end
  });

  document.addEventListener("DOMContentLoaded", () => {
    const last = document.querySelector("#turns > :last-child:not(:first-child)");
    if (!location.hash && !location.search) last?.scrollIntoView();
  });

  // A request that failed changes nothing on the page; it must not look as if it had worked.
  document.addEventListener("htmx:response:error", (event) => {
    const { status } = event.detail.ctx.response;
    if (status === 422) return;
    if (status === 401) problem("signin");
    else if (status === 403) renewToken().finally(() => problem("text")); // said when it can be tried
    else problem("text");
  });
  document.addEventListener("htmx:error", (event) => {
    const { ctx } = event.detail;
    if (ctx && ctx.sourceEvent?.type !== "every" && !ctx.sourceElement?.closest("[aria-busy]")) problem("text");
  });
  // Signing in again in another tab made this page's token void: take that of a fresh copy.
  async function renewToken() {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const token = page.querySelector("#act [name=csrfmiddlewaretoken]")?.value;
    if (!token) return;
    const inherited = "hx-headers:inherited";
    document.body.setAttribute(inherited, page.body.getAttribute(inherited));
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
  }
  function problem(which) {
    const note = document.getElementById("problem");
    note.textContent = note.dataset[which];
    note.hidden = false;
  }
  const fine = () => (document.getElementById("problem").hidden = true);
  // a failed request "swaps" too, nothing into nothing
  document.addEventListener("htmx:after:swap", ({ detail }) => (detail.ctx.response?.status ?? 200) < 400 && fine());
  document.addEventListener("click", (event) => event.target.id === "problem" && fine());

  // The list of workspaces closes like a menu.
  const close = (list) => {
    list.open = false;
    if (list.contains(document.activeElement)) list.querySelector("summary").focus();
  };
  document.addEventListener("click", (event) => {
    const list = document.querySelector("details.space[open]");
    if (list && !list.contains(event.target)) list.open = false;
  });
  document.addEventListener("keydown", (event) => {
    const list = event.key === "Escape" && document.querySelector("details.space[open]");
    if (!list) return;
    event.preventDefault();
    close(list);
  });
})();
