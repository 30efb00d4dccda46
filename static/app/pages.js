// The pages of a source: as many as stand near the view are in the document, the others keep their
// room. Size, place and the overview stay as they are when another footnote is opened.

(() => {
  "use strict";

  const APART = 26; // thousandths of a sheet's width between two, as source.css has it
  const THUMB_APART = 260;
  const SIZES = [50, 75, 100, 125, 150, 200, 300, 400];
  const NEAR = 2; // pages before and after the view that are ready to be seen
  const KEPT = 12; // and those that stay in the document
  const SVG = "http://www.w3.org/2000/svg";
  let size = Number(sessionStorage.getItem("size")) || 100;
  let overview = sessionStorage.getItem("overview") === "open";
  let roll = null;
  let thumbs = null;

  const source = () => document.getElementById("source");

  // A long column of which only a part is in the document: `items` between two rooms, which are as
  // high as what is missing. Heights are in thousandths of the width, so they hold at any size.
  class Roll {
    constructor(view, list, heights, apart, make) {
      Object.assign(this, { view, list, make, busy: false });
      this.tops = [0];
      for (const height of heights) this.tops.push(this.tops.at(-1) + height + apart);
      this.total = heights.length;
      this.rooms = [...list.querySelectorAll(":scope > .room")];
      if (!this.items.length) this.rooms[1].setAttribute("viewBox", `0 0 1000 ${this.tops.at(-1)}`);
      view.addEventListener("scroll", () => this.soon(), { passive: true });
      this.watch = new ResizeObserver(() => this.soon());
      this.watch.observe(view);
    }

    get items() {
      return [...this.list.children].filter((child) => child.dataset.number);
    }

    number(item) {
      return Number(item.dataset.number);
    }

    // Pixels to a thousandth of the width, and where the column begins in what is scrolled.
    get unit() {
      return this.list.clientWidth / 1000;
    }

    get above() {
      return this.list.getBoundingClientRect().top - this.view.getBoundingClientRect().top + this.view.scrollTop;
    }

    // The number of the item at so many pixels down from the top of the view.
    at(down) {
      const y = (this.view.scrollTop + down - this.above) / this.unit;
      let [low, high] = [1, this.total];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (this.tops[middle - 1] <= y) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    show(number, share = 0) {
      const height = this.tops[number] - this.tops[number - 1];
      this.view.scrollTop = (this.tops[number - 1] + share * height) * this.unit + this.above - 12;
      this.soon();
    }

    soon() {
      if (this.frame) return;
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        if (this.view.isConnected) this.fill();
        else this.watch.disconnect();
      });
    }

    async fill() {
      if (this.busy || !this.list.clientWidth) return;
      const first = this.at(0);
      const last = this.at(this.view.clientHeight);
      this.onview?.(first, last);
      const from = Math.max(first - NEAR, 1);
      const to = Math.min(last + NEAR, this.total);
      const items = this.items;
      const [have, until] = items.length ? [this.number(items[0]), this.number(items.at(-1))] : [0, -1];
      const apart = from > until + 1 || to < have - 1;
      if (!apart && from >= have && to <= until) return this.trim(from, to);
      const wanted = apart ? from : from < have ? Math.max(from - NEAR, 1) : until + 1;
      this.busy = true;
      const fresh = await this.make(wanted, to);
      this.busy = false;
      if (!this.view.isConnected || !fresh.length) return;
      this.place(fresh, apart);
      this.trim(from, to);
      this.soon(); // it may have been scrolled meanwhile
    }

    place(fresh, apart) {
      if (apart) for (const item of this.items) this.drop(item);
      const there = new Set(this.items.map((item) => this.number(item)));
      const after = this.items.find((item) => this.number(item) > this.number(fresh[0])) ?? this.rooms[1];
      for (const item of fresh) if (!there.has(this.number(item))) after.before(item);
      this.spread();
    }

    trim(from, to) {
      const chosen = getSelection();
      const held = (item) => !chosen.isCollapsed && chosen.containsNode(item, true);
      const items = this.items;
      while (items.length && this.number(items.at(-1)) > to + KEPT && !held(items.at(-1))) this.drop(items.pop());
      while (items.length && this.number(items[0]) < from - KEPT && !held(items[0])) this.drop(items.shift());
      this.spread();
      this.onfilled?.(this.items, from, to);
    }

    // The keys go on working for whoever had the focus in what goes.
    drop(item) {
      if (item.contains(document.activeElement)) this.view.focus({ preventScroll: true });
      item.remove();
    }

    spread() {
      const items = this.items;
      if (!items.length) return;
      const before = this.tops[this.number(items[0]) - 1];
      const after = this.tops[this.total] - this.tops[this.number(items.at(-1))];
      [before, after].forEach((height, n) => {
        this.rooms[n].setAttribute("viewBox", `0 0 1000 ${height}`);
        this.rooms[n].toggleAttribute("hidden", !height);
      });
    }
  }

  // "1294*33 773" → thirty-three sheets of 1294, one of 773
  const unpacked = (runs) =>
    runs.split(" ").flatMap((run) => {
      const [height, times = "1"] = run.split("*");
      return Array(Number(times)).fill(Number(height));
    });

  async function fetched(number) {
    const address = new URL(source().dataset.here, location.href);
    address.searchParams.set("page", number);
    const response = await fetch(address, { headers: { "Pincite-Part": "pages" } }).catch(() => null);
    if (!response?.ok) return []; // what is missing is asked for again at the next scroll
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    return [...part.querySelectorAll(".sheet, .leaf")].map((item) => document.adoptNode(item));
  }

  // pictures --------------------------------------------------------------------------------------

  const layers = new Map(); // address → promise of the text over a page

  async function lay(sheet) {
    const address = sheet.dataset.layer;
    if (!address || sheet.querySelector(".layer")) return;
    if (!layers.has(address)) {
      layers.set(address, fetch(address).then((response) => (response.ok ? response.text() : "")).catch(() => ""));
    }
    const text = await layers.get(address);
    if (!text || sheet.querySelector(".layer")) return;
    const layer = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    if (layer.namespaceURI === SVG && layer.localName === "svg") sheet.querySelector("img").after(document.adoptNode(layer));
  }

  function furnish(sheets, from, to) {
    const across = `${Math.round(roll.list.clientWidth)}px`;
    for (const sheet of sheets) {
      const picture = sheet.querySelector("img");
      if (picture.sizes !== across) picture.sizes = across;
      const near = Number(sheet.dataset.number) >= from && Number(sheet.dataset.number) <= to;
      if (near) picture.loading = "eager";
      if (near) lay(sheet);
    }
  }

  // where it is -------------------------------------------------------------------------------------

  function tell() {
    const field = document.getElementById("jump");
    const number = roll.at(roll.view.clientHeight * 0.4);
    if (field) field.placeholder = number;
    source().dataset.page = number;
    for (const link of thumbs?.items ?? []) {
      const here = Number(link.dataset.number) === number;
      if (here) link.firstElementChild.setAttribute("aria-current", "true");
      else link.firstElementChild.removeAttribute("aria-current");
    }
  }

  // To a page, as a place of the history that back leads out of.
  function go(number) {
    const address = new URL(source().dataset.here, location.href);
    address.searchParams.set("page", number);
    history.pushState({ htmx: true }, "", address);
    roll.show(number);
  }

  function turn(step) {
    const here = roll.at(roll.view.clientHeight * 0.4);
    roll.show(Math.min(Math.max(here + step, 1), roll.total));
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".jump") || !roll) return;
    event.preventDefault();
    const field = document.getElementById("jump");
    const asked = Number.parseInt(field.value, 10);
    field.value = "";
    if (asked) go(Math.min(Math.max(asked, 1), roll.total));
    roll.view.focus();
  });

  // size --------------------------------------------------------------------------------------------

  function zoom(step) {
    const at = SIZES.indexOf(size);
    resize(step ? SIZES[Math.min(Math.max(at + step, 0), SIZES.length - 1)] : 100);
  }

  // Whatever makes the column wider or narrower, the middle of the view stays where it is.
  function keeping(change) {
    const { view } = roll;
    const middle = view.clientHeight / 2;
    const place = (view.scrollTop + middle - roll.above) / roll.unit;
    change();
    view.scrollTop = place * roll.unit + roll.above - middle;
    view.scrollLeft = (view.scrollWidth - view.clientWidth) / 2;
    roll.soon();
  }

  function resize(wanted) {
    size = wanted;
    sessionStorage.setItem("size", size);
    keeping(dress);
  }

  function dress() {
    roll.view.dataset.zoom = size;
    source().querySelector(".zoom output").textContent = `${size}%`;
  }

  // overview ------------------------------------------------------------------------------------------

  function small(list) {
    const nav = source().querySelector(".thumbs");
    const { picture, name } = nav.dataset;
    return (from, to) =>
      Array.from({ length: to - from + 1 }, (_, n) => {
        const number = from + n;
        const item = document.createElement("li");
        const link = document.createElement("a");
        const image = document.createElement("img");
        const label = document.createElement("span");
        item.dataset.number = number;
        link.href = `${source().dataset.here}&page=${number}#page-${number}`;
        link.setAttribute("aria-label", `${name} ${number}`);
        Object.assign(image, { alt: "", width: 1000, height: list[number - 1], src: picture.replace("/pages/0/", `/pages/${number}/`) });
        label.textContent = number;
        link.append(image, label);
        item.append(link);
        return item;
      });
  }

  function unfold(heights) {
    const nav = source().querySelector(".thumbs");
    const button = source().querySelector(".thumbs-button");
    nav.hidden = !overview;
    button.setAttribute("aria-pressed", overview);
    if (!overview || thumbs?.view === nav) return;
    const list = nav.querySelector("ol");
    list.replaceChildren(...[0, 1].map(() => {
      const room = document.createElementNS(SVG, "svg");
      room.setAttribute("class", "room");
      room.setAttribute("viewBox", "0 0 1000 0");
      return room;
    }));
    thumbs = new Roll(nav, list, heights, THUMB_APART, small(heights));
    thumbs.onfilled = tell;
    thumbs.show(Math.max(Number(source().dataset.page) - 1, 1));
  }

  document.addEventListener("click", (event) => {
    if (!roll || event.defaultPrevented) return;
    const step = event.target.closest?.("#source [data-zoom]")?.dataset.zoom;
    if (step !== undefined && event.target.closest("button")) zoom(Number(step));
    if (event.target.closest?.(".thumbs-button")) {
      overview = !overview;
      sessionStorage.setItem("overview", overview ? "open" : "");
      keeping(() => unfold(roll.heights));
    }
    const link = event.target.closest?.(".thumbs a");
    if (link && event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      go(Number(link.parentElement.dataset.number));
    }
  });

  // keys ------------------------------------------------------------------------------------------------

  const KEYS = { "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1), 0: () => zoom(0), ArrowLeft: () => turn(-1), ArrowRight: () => turn(1) };

  document.addEventListener("keydown", (event) => {
    const busy = event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey;
    if (busy || !roll || !KEYS[event.key] || event.target.matches("input, textarea, select")) return;
    // beside a conversation only while the source has the focus
    if (!event.target.closest("#source") && !(document.querySelector(".reading") && event.target === document.body)) return;
    if (event.key.startsWith("Arrow") && roll.view.scrollWidth > roll.view.clientWidth) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  // text: earlier and later pages come when their button is reached ------------------------------------------

  const reached = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) more(target);
  });

  async function more(link) {
    reached.unobserve(link);
    const list = link.closest(".leaves");
    const view = list.closest(".pages");
    const response = await fetch(link.href, { headers: { "Pincite-Part": "pages" } }).catch(() => null);
    if (!response?.ok || !link.isConnected) return;
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    const way = link.dataset.more;
    const here = new Set([...list.querySelectorAll(".leaf")].map((leaf) => leaf.dataset.number));
    const fresh = [...part.querySelectorAll(".leaf")].filter((leaf) => !here.has(leaf.dataset.number));
    const next = part.querySelector(`[data-more="${way}"]`)?.parentElement;
    const height = view.scrollHeight;
    const top = view.scrollTop;
    link.parentElement.replaceWith(...(way === "before" ? [next, ...fresh] : [...fresh, next]).filter(Boolean));
    if (way === "before") view.scrollTop = top + view.scrollHeight - height;
    watchMore();
  }

  function watchMore() {
    for (const link of document.querySelectorAll("#source [data-more]")) reached.observe(link);
  }

  // a pane that has come -----------------------------------------------------------------------------------------

  function begin() {
    roll = thumbs = null;
    const list = source()?.querySelector(".sheets");
    if (!list) return watchMore();
    const heights = unpacked(list.dataset.heights);
    roll = new Roll(list.closest(".pages"), list, heights, APART, fetched);
    Object.assign(roll, { heights, onview: tell, onfilled: furnish });
    dress();
    unfold(heights);
    if (source().hasAttribute("data-asked")) roll.show(Number(source().dataset.page));
    roll.soon();
  }

  // Back and forward between two pages of the same place; true when that was all.
  document.addEventListener("source:page", (event) => {
    const query = new URL(location.href).searchParams;
    const asked = Number(query.get("page")) || (query.has("start") ? 0 : 1);
    if (!roll || !asked) return;
    event.preventDefault();
    roll.show(asked);
  });
  document.addEventListener("source:open", begin);
  // the whole page may have been replaced by one of the history
  document.addEventListener("htmx:after:swap", () => {
    const list = source()?.querySelector(".sheets");
    if (list && list !== roll?.list) begin();
  });
  document.addEventListener("DOMContentLoaded", begin);
})();
