/// A process, known again without a system call: a counter that the C library's `fork` raises in the child.
///
/// A child made by the bare system call, past the C library's `fork`, is not told apart; the C library's own locks would
/// not work in it either.
#[derive(Clone)]
pub(crate) struct Process(forkguard::Guard);

impl Process {
    /// This one.
    pub(crate) fn current() -> Self {
        Self(forkguard::new())
    }

    /// Whether it is this one still, and not the parent of it or one further up.
    pub(crate) fn is_current(&self) -> bool {
        !self.0.clone().detected_fork()
    }
}
