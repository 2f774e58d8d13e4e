'use strict';

/** Requests and replies are spelled in camel case here, and in snake case by what the languages share. */

const snakeName = (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelName = (name) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function renamed(value, rename) {
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, own]) => [rename(name), renamed(own, rename)]));
}

const snake = (value) => renamed(value, snakeName);
const camel = (value) => renamed(value, camelName);

module.exports = { camel, snake };
