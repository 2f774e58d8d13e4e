/** Cases are written in snake case; stores are asked, and answer, in camel case. */

const camelName = (name) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** What is written, as a store gets it: bytes as a Buffer, versions as `version` knows them. */
export function asked(written, version) {
  if (Array.isArray(written)) return written.map((value) => asked(value, version));
  if (typeof written !== 'object' || written === null) return written;
  if ('base64' in written) return Buffer.from(written.base64, 'base64');
  if ('$is' in written) return version(written.$is);
  const members = Object.entries(written);
  return Object.fromEntries(
    members.map(([name, value]) => [camelName(name), asked(value, version)]),
  );
}

/** The name that a store has for a member. */
export { camelName };
