//! How deep values are nested that are read.

/// How much of the thread's stack it takes at most to read a value: a quarter of what a thread has unless told
/// otherwise. Nobody tells how much is left; and the value may be dropped in another thread, which takes some, too.
const MOST: usize = 512 << 10;

/// How far down the stack a value may reach. Types that contain themselves are read by functions that call themselves;
/// bytes from anyone may have them do so until there is no stack, which ends the process.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    /// The lowest address that may be reached: stacks grow downwards.
    lowest: usize,
}

impl Stack {
    /// From here on.
    pub(super) fn new() -> Self {
        Self { lowest: here().saturating_sub(MOST) }
    }

    /// Whether there is room for another value inside of the one that is being read.
    #[inline]
    pub(super) fn has_room(self) -> bool {
        here() > self.lowest
    }
}

/// Where on the stack the caller is.
#[inline(always)]
fn here() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(&mark).addr()
}
