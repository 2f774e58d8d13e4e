/// Which state of a session was judged. A store gives a new one at each change and never the same again for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionVersion(pub u64);
