/**
 * Interleaved rounds: everybody's turn comes in each, with fresh events, in an order that moves on. What is measured is
 * the processor's time, all threads of the process taken together, since others may use the machine as well.
 */

/** Nanoseconds of the processor for an event, by contestant and round. A contestant asks about each of the events. */
export async function measured(theme, contestants, fresh, { rounds, events }) {
  const names = Object.keys(contestants);
  const spent = Object.fromEntries(names.map((name) => [`${theme}/${name}`, []]));
  const order = Object.entries(contestants);
  // The first rounds warm up: the engine compiles what it has seen often.
  for (let number = -5; number < rounds; number += 1) {
    for (const [name, ask] of order) {
      const batch = fresh(events);
      const begun = process.cpuUsage();
      await ask(batch);
      const { user, system } = process.cpuUsage(begun);
      if (number >= 0) spent[`${theme}/${name}`].push(((user + system) * 1000) / events);
    }
    order.push(order.shift());
  }
  return spent;
}
