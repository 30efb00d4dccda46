// One file on its way: whole when it is small, else in pieces that go on where they were. It tries
// again by itself when the connection breaks or stalls; what nothing helps against it throws.

class Stopped extends Error {} // by us: paused or cancelled
class SignedOut extends Error {}
class Broken extends Error {} // tried again in vain; a person may try once more
class Refused extends Error {} // the message says why

class Transfer {
  static DELAYS = [1, 2, 4, 8, 16, 30]; // seconds before another try
  static PATIENCE = 4; // times the stall limit, while the server stores what it has got

  // `told` is asked to show: progress(bytes), storing(), again(seconds)
  constructor(file, place, form, words, told) {
    Object.assign(this, { file, place, form, words, told, sent: 0, failures: 0, stopper: new AbortController() });
  }

  stop() {
    this.stopper.abort();
  }

  // The fragment that the server answers when the file has arrived.
  async run() {
    if (!this.file.size) throw new Refused(this.words.empty);
    const limit = Number(this.form.dataset.max);
    if (this.file.size > limit) {
      const sizes = { size: Math.ceil(this.file.size / 1e6), limit: limit / 1e6 };
      throw new Refused(this.words.tooLarge.replace(/\{(\w+)\}/g, (_all, name) => sizes[name]));
    }
    return this.file.size > Number(this.form.dataset.whole) ? this.inPieces() : this.whole();
  }

  async whole() {
    const body = new FormData();
    for (const [name, value] of Object.entries(this.place)) body.append(name, value);
    body.append("files", this.file, this.file.name);
    const answer = await this.ask("POST", this.form.action, body, 0);
    if (answer.status === 404) throw new Refused(this.words.refused);
    return answer.text;
  }

  async inPieces() {
    const whole = this.digest();
    let { address, received, piece } = await this.begin();
    for (;;) {
      this.progress(received);
      if (received < this.file.size) {
        const body = await this.bytes(received, Math.min(received + piece, this.file.size));
        const answer = await this.ask("PUT", `${address}?offset=${received}`, body, received);
        if (answer.status === 404) ({ address, received, piece } = await this.begin()); // discarded elsewhere
        else ({ received } = JSON.parse(answer.text));
        continue;
      }
      this.told.storing();
      const answer = await this.ask("POST", `${address}finish/`, new URLSearchParams({ sha256: await whole }), received);
      if (answer.status === 200) return answer.text;
      ({ address, received, piece } = await this.begin());
    }
  }

  async begin() {
    const { name, size } = this.file;
    const fields = { ...this.place, name, size, fingerprint: Transfer.fingerprint(this.file) };
    const answer = await this.ask("POST", this.form.dataset.begin, new URLSearchParams(fields), this.sent);
    if (answer.status !== 200) throw new Refused(this.words.refused);
    const begun = JSON.parse(answer.text);
    this.address = begun.address;
    return begun;
  }

  static fingerprint(file) {
    return String(file.lastModified);
  }

  async bytes(start, end) {
    try {
      return await this.file.slice(start, end).arrayBuffer();
    } catch {
      throw new Refused(this.words.changed);
    }
  }

  // What the server compares the whole with; "" where the browser cannot say.
  async digest() {
    try {
      const sum = await crypto.subtle.digest("SHA-256", await this.file.arrayBuffer());
      return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    } catch {
      return "";
    }
  }

  progress(bytes) {
    this.sent = Math.min(bytes, this.file.size);
    this.told.progress(this.sent);
  }

  // An answer that is one: 200, 404 or 409. Anything temporary is tried again.
  async ask(method, address, body, offset) {
    let renewed = false;
    for (;;) {
      const answer = await this.once(method, address, body, offset);
      if ([200, 404, 409].includes(answer.status)) {
        this.failures = 0;
        return answer;
      }
      if (answer.status === 401) throw new SignedOut();
      if (answer.status === 403) {
        // signing in again in another tab made this page's token void
        if (renewed || !(await this.renewToken())) throw new Refused(this.words.forbidden);
        renewed = true;
      } else if (answer.status === 0 || answer.status >= 500 || answer.status === 429) {
        await this.bytes(0, 1);
        await this.wait();
      } else {
        throw new Refused(this.reason(answer.text));
      }
    }
  }

  reason(text) {
    try {
      return JSON.parse(text).reason || this.words.refused;
    } catch {
      const page = new DOMParser().parseFromString(text, "text/html");
      return page.querySelector("#uploaded .no")?.textContent.replace(/^✕\s*/, "") || this.words.refused;
    }
  }

  async wait() {
    const seconds = Transfer.DELAYS[this.failures];
    this.failures += 1;
    if (seconds === undefined) throw new Broken();
    for (let left = seconds; left > 0; left -= 1) {
      this.told.again(left);
      await new Promise((go) => setTimeout(go, 1000));
      if (this.stopper.signal.aborted) throw new Stopped();
    }
  }

  async renewToken() {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const token = page.querySelector("#upload [name=csrfmiddlewaretoken]")?.value;
    if (token) this.form.elements.csrfmiddlewaretoken.value = token;
    return Boolean(token);
  }

  // One request; status 0 when the connection broke, or nothing moved for too long.
  once(method, address, body, offset) {
    return new Promise((settle, fail) => {
      if (this.stopper.signal.aborted) return fail(new Stopped());
      const request = new XMLHttpRequest();
      let moved = performance.now();
      let patience = Number(this.form.dataset.stall) * 1000;
      const watch = setInterval(() => performance.now() - moved > patience && request.abort(), 250);
      const stop = () => {
        fail(new Stopped());
        request.abort();
      };
      request.upload.onprogress = ({ loaded, total }) => {
        moved = performance.now();
        // a form's own lines are a little more than the file
        this.progress(offset + (body instanceof FormData ? (loaded / total) * this.file.size : loaded));
      };
      request.upload.onload = () => {
        moved = performance.now();
        patience *= Transfer.PATIENCE;
        if (body instanceof FormData) this.told.storing();
      };
      request.onloadend = () => {
        clearInterval(watch);
        this.stopper.signal.removeEventListener("abort", stop);
        settle({ status: request.status, text: request.responseText });
      };
      this.stopper.signal.addEventListener("abort", stop);
      request.open(method, address);
      request.setRequestHeader("HX-Request", "true");
      request.setRequestHeader("HX-Current-URL", location.href);
      request.setRequestHeader("X-CSRFToken", this.form.elements.csrfmiddlewaretoken.value);
      if (body instanceof ArrayBuffer) request.setRequestHeader("Content-Type", "application/octet-stream");
      request.send(body);
    });
  }
}
