// A slip of paper beside a place on the screen. Where it stands is said in SVG attributes: the
// content policy allows no style attributes.

"use strict";

class Slip {
  static MARGIN = 8;

  constructor(kind) {
    this.layer = document.createElement("div");
    this.layer.className = `floating ${kind}`;
    this.layer.popover = "manual";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.frame = document.createElementNS("http://www.w3.org/2000/svg", "foreignObject");
    this.paper = document.createElement("div");
    this.paper.className = "slip";
    this.frame.append(this.paper);
    svg.append(this.frame);
    this.layer.append(svg);
  }

  get shown() {
    return this.layer.isConnected && this.layer.matches(":popover-open");
  }

  // Above the box (a DOMRect), or below it where there is no room, within the window.
  show(box, width) {
    if (!this.layer.isConnected) document.body.append(this.layer);
    if (!this.shown) this.layer.showPopover();
    const across = Math.min(width, innerWidth - 2 * Slip.MARGIN);
    this.#set({ x: 0, y: 0, width: across, height: innerHeight });
    const { offsetWidth, offsetHeight } = this.paper;
    const x = Math.min(Math.max(box.left, Slip.MARGIN), innerWidth - offsetWidth - Slip.MARGIN);
    const above = box.top - offsetHeight - Slip.MARGIN;
    const below = Math.min(box.bottom + Slip.MARGIN, innerHeight - offsetHeight - Slip.MARGIN);
    this.#set({ x, y: above >= Slip.MARGIN ? above : below, width: across, height: offsetHeight });
  }

  hide() {
    if (this.shown) this.layer.hidePopover();
  }

  #set(attributes) {
    for (const [name, value] of Object.entries(attributes)) this.frame.setAttribute(name, value);
  }
}
