//! How deep values are nested that are read.

/// How much of the thread's stack it takes at most to read a value: half of what a thread has unless told otherwise, so that
/// it can be dropped in another one.
const MOST: usize = 1 << 20;
/// How much of it is left for what is read last.
const LEFT: usize = 128 << 10;
/// How much it may take where nobody knows how much there is.
const UNKNOWN: usize = 256 << 10;

/// How far down the stack a value may reach. Types that contain themselves are read by functions that call themselves; bytes
/// from anyone may have them do so until there is no stack, which ends the process.
#[derive(Clone, Copy)]
pub(super) struct Stack {
    /// The lowest address that may be reached: stacks grow downwards.
    lowest: usize,
}

impl Stack {
    /// From here on.
    pub(super) fn new() -> Self {
        let left = stacker::remaining_stack();
        let most = left.map_or(UNKNOWN, |left| left.saturating_sub(LEFT).min(MOST));
        Self { lowest: here().saturating_sub(most) }
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
