'use strict';

/**
 * Several texts in one: at the border to the addon, what comes back costs as much for one as for many. `src/texts.rs` is
 * the other side.
 */

/** The number that is so many units of 7 bits. */
function number(text, from, units) {
  let read = 0;
  for (let at = from; at < from + units; at += 1) read = read * 128 + text.charCodeAt(at);
  return read;
}

/** Units that the length of a text takes. */
const LENGTH = 2;

/** Takes texts apart, in their order, each behind its length. */
class Apart {
  constructor(text, at) {
    this.text = text;
    this.at = at;
  }

  /** The next one; `null` where it is empty. */
  next() {
    const from = this.at + LENGTH;
    this.at = from + this.text.charCodeAt(from - 2) * 128 + this.text.charCodeAt(from - 1);
    return from === this.at ? null : this.text.slice(from, this.at);
  }
}

module.exports = { Apart, number };
