'use strict';

/** Several texts in one: at the border to the addon, one costs as much as many. `src/texts.rs` is the other side. */

/** Stands before a length that needs two units. */
const LONG = 0xffff;

/** How many texts there are, the length of each, and then the texts. */
class Texts {
  constructor() {
    this.lengths = [0];
    this.all = '';
  }

  add(text) {
    const { length } = text;
    this.lengths[0] += 1;
    if (length < LONG) this.lengths.push(length);
    else this.lengths.push(LONG, length & LONG, length >>> 16);
    this.all += text;
    return this;
  }

  get joined() {
    return String.fromCharCode.apply(null, this.lengths) + this.all;
  }
}

/** Takes texts apart, in their order: their lengths begin at `lengths`, and there are `count` of them. */
class Apart {
  constructor(text, lengths, count) {
    this.text = text;
    this.length = lengths;
    this.at = lengths + count;
  }

  /** The next one; `null` where it is empty. */
  next() {
    const from = this.at;
    this.at += this.text.charCodeAt(this.length);
    this.length += 1;
    return from === this.at ? null : this.text.slice(from, this.at);
  }
}

module.exports = { Apart, Texts };
