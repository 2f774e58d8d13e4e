use super::name::Name;

/// Places by the hashes of their names.
///
/// A line of the processor's cache has room for twelve places and for a byte of each one's hash: a look-up reads one line
/// of cold memory where a table of bytes beside a table of places takes two, and that is most of its cost. Whoever finds
/// his line full goes on to the next one, and is counted by each line that he passes, so that a look-up knows where to
/// end although places are taken out.
#[derive(Default)]
pub(super) struct Index {
    lines: Vec<Line>,
    len: usize,
}

#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Line {
    places: [u32; SLOTS],
    tags: [u8; SLOTS],
    /// How many found it full and lie further on; at its greatest it no longer counts.
    passed: u16,
    filled: u8,
}

const SLOTS: usize = 12;
/// Of the slots of all lines, so many a line are taken before there are twice as many lines.
const FILLED_MAX: usize = 10;

impl Index {
    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The place of a name; `is` says whether it is that of a place.
    pub(super) fn find(&self, name: Name, is: impl Fn(usize) -> bool) -> Option<usize> {
        let (line, slot) = self.locate(name.hash(), is)?;
        self.lines.get(line)?.place(slot)
    }

    /// Adds the place after all others. `names` are those of all, by their places, this one's the last; they are looked
    /// at where there is no room left.
    pub(super) fn push(&mut self, name: Name, names: impl Iterator<Item = Name>) {
        if self.len < self.lines.len() * FILLED_MAX {
            self.insert(name.hash(), self.len);
            self.len += 1;
            return;
        }
        let lines = (self.lines.len() * 2).max(1);
        // The old ones go first: both at once would be half as much again.
        self.lines = Vec::new();
        self.lines.resize(lines, Line::default());
        self.len = 0;
        for name in names {
            self.insert(name.hash(), self.len);
            self.len += 1;
        }
    }

    /// Takes a name's place out; whether it was there.
    pub(super) fn remove(&mut self, name: Name, place: usize) -> bool {
        let hash = name.hash();
        let Some((found, slot)) = self.locate(hash, |own| own == place) else { return false };
        let mut at = self.home(hash);
        while at != found {
            let Some(line) = self.lines.get_mut(at) else { return false };
            // One that counts no longer may have been passed by more than it says.
            line.passed -= u16::from(line.passed != u16::MAX);
            at = self.next(at);
        }
        let Some(line) = self.lines.get_mut(found) else { return false };
        line.take_out(slot);
        self.len -= 1;
        true
    }

    /// The entry of a name lies elsewhere now.
    pub(super) fn moved(&mut self, name: Name, from: usize, to: usize) {
        let Some((line, slot)) = self.locate(name.hash(), |own| own == from) else { return };
        let own = self.lines.get_mut(line).and_then(|line| line.places.get_mut(slot));
        own.into_iter().for_each(|own| *own = narrow(to));
    }

    fn insert(&mut self, hash: u64, place: usize) {
        let mut at = self.home(hash);
        while let Some(line) = self.lines.get_mut(at) {
            if line.add(tag(hash), narrow(place)) {
                return;
            }
            line.passed = line.passed.saturating_add(1);
            at = self.next(at);
        }
    }

    /// The line and the slot of a place.
    fn locate(&self, hash: u64, is: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let mut at = self.home(hash);
        for _ in 0..self.lines.len() {
            let line = self.lines.get(at)?;
            let mut alike = line.alike(tag(hash));
            while alike != 0 {
                let slot = alike.trailing_zeros() as usize / 8;
                if line.place(slot).is_some_and(&is) {
                    return Some((at, slot));
                }
                alike &= alike - 1;
            }
            if line.passed == 0 {
                return None;
            }
            at = self.next(at);
        }
        None
    }

    /// The line where a hash is looked for first: by its lower half as a fraction of the whole, since other bits choose
    /// the part of a table, and the tag.
    fn home(&self, hash: u64) -> usize {
        (((hash & 0xffff_ffff) * self.lines.len() as u64) >> 32) as usize
    }

    fn next(&self, line: usize) -> usize {
        if line + 1 < self.lines.len() { line + 1 } else { 0 }
    }
}

impl Line {
    /// Whether there was room.
    fn add(&mut self, tag: u8, place: u32) -> bool {
        let slot = usize::from(self.filled);
        let (Some(own), Some(own_tag)) = (self.places.get_mut(slot), self.tags.get_mut(slot))
        else {
            return false;
        };
        (*own, *own_tag) = (place, tag);
        self.filled += 1;
        true
    }

    /// The last one moves into the slot.
    fn take_out(&mut self, slot: usize) {
        self.filled = self.filled.saturating_sub(1);
        let last = usize::from(self.filled);
        if slot < SLOTS && last < SLOTS {
            self.places.swap(slot, last);
            self.tags.swap(slot, last);
        }
    }

    /// The highest bit of a byte for each filled slot that has this tag; now and then for one above it as well, which
    /// `is` tells apart ("determine if a word has a byte equal to n", Anderson, Bit Twiddling Hacks).
    fn alike(&self, tag: u8) -> u128 {
        const LOW: u128 = u128::from_le_bytes([0x01; 16]);
        let mut tags = [0; 16];
        tags[..SLOTS].copy_from_slice(&self.tags);
        let differ = u128::from_le_bytes(tags) ^ u128::from_le_bytes([tag; 16]);
        let filled = !(u128::MAX << (8 * u32::from(self.filled)));
        differ.wrapping_sub(LOW) & !differ & (LOW << 7) & filled
    }

    fn place(&self, slot: usize) -> Option<usize> {
        self.places.get(slot).map(|place| *place as usize)
    }
}

/// The eight bits of a hash that choose neither a line nor a part.
fn tag(hash: u64) -> u8 {
    (hash >> 56) as u8
}

fn narrow(place: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "memory ends before 2^32 entries")]
    let narrow = place as u32;
    narrow
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    /// Few lines to look for first, the last of four among them, and few tags: many names pass full lines, go on from the
    /// last one to the first, and share what is compared.
    fn name(number: u64) -> Name {
        let high = (number % 7) << 56 | (number % 4) << 30;
        Name::of((u128::from(high) << 64) | u128::from(number))
    }

    /// Everything is found, and each line knows how many passed it.
    fn is_whole(index: &Index, names: &[Name]) {
        assert_eq!(index.len(), names.len());
        assert_eq!(
            index.lines.iter().map(|line| usize::from(line.filled)).sum::<usize>(),
            names.len()
        );
        let mut passed = vec![0; index.lines.len()];
        for (place, name) in names.iter().enumerate() {
            assert_eq!(index.find(*name, |own| names[own] == *name), Some(place));
            let (line, _) = index.locate(name.hash(), |own| own == place).unwrap();
            let mut at = index.home(name.hash());
            while at != line {
                passed[at] += 1;
                at = index.next(at);
            }
        }
        let counted: Vec<u16> = index.lines.iter().map(|line| line.passed).collect();
        assert_eq!(counted, passed);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn law_9_every_name_leads_to_its_place_whatever_was_taken_out(
            steps in prop::collection::vec((0..3_u8, any::<prop::sample::Index>()), 0..300),
        ) {
            let (mut index, mut names, mut next) = (Index::default(), Vec::new(), 0);
            for (step, which) in steps {
                if step > 0 || names.is_empty() {
                    names.push(name(next));
                    index.push(name(next), names.iter().copied());
                    next += 1;
                } else {
                    // As a table does: the last entry moves into the hole.
                    let place = which.index(names.len());
                    prop_assert!(index.remove(names[place], place));
                    prop_assert!(!index.remove(names[place], place));
                    let last = names.len() - 1;
                    names.swap_remove(place);
                    if place != last {
                        index.moved(names[place], last, place);
                    }
                }
                is_whole(&index, &names);
            }
            prop_assert_eq!(index.find(name(next), |own| names[own] == name(next)), None);
        }
    }

    #[test]
    fn law_9_there_are_twice_as_many_lines_once_ten_in_twelve_slots_are_taken() {
        let (mut index, mut names) = (Index::default(), Vec::new());
        for (count, lines) in [(10, 1), (11, 2), (20, 2), (21, 4), (1000, 128)] {
            while names.len() < count {
                names.push(name(names.len() as u64));
                index.push(names[names.len() - 1], names.iter().copied());
            }
            assert_eq!(index.lines.len(), lines, "{count}");
        }
    }

    #[test]
    fn law_9_a_line_that_was_passed_too_often_is_passed_ever_after() {
        let (mut index, names): (_, Vec<Name>) =
            (Index::default(), (0..11).map(|_| name(0)).collect());
        for place in 0..names.len() {
            index.push(names[place], names.iter().copied());
        }
        index.lines[0].passed = u16::MAX - 1;
        (11..14).for_each(|place| index.insert(0, place));
        assert_eq!(index.lines[0].passed, u16::MAX);
        index.len += 3;
        assert!(index.remove(name(0), 13) && index.remove(name(0), 12));
        assert_eq!(index.lines[0].passed, u16::MAX);
        assert_eq!(size_of::<Line>(), 64);
    }
}
