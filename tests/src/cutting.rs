//! A server whose connections are cut, and the calls that are made on it.

use memento::Storage;

use crate::proxy::Proxy;
use crate::visit::{Call, Visit, Visitor};

const CALLS: [Call; 2] = [Call::Small(1), Call::Large(1)];

/// A server, and a way to it that is cut.
pub struct Cutting<'s> {
    /// The way.
    pub proxy: &'s Proxy,
    /// The storage of a process that takes it.
    pub through: &'s dyn Fn() -> Storage,
    /// The storage of a process that takes another one.
    pub direct: &'s dyn Fn() -> Storage,
    /// Removes all that is on the server.
    pub clear: &'s dyn Fn(),
}

impl Cutting<'_> {
    /// Cuts a connection at one place after another while results are read, as far as calls come, which have the right
    /// values each time.
    ///
    /// # Panics
    ///
    /// Where they do not, or nothing was cut.
    pub fn read(&self, step: usize, cut: impl Fn(&Proxy, usize)) {
        Visitor::on((self.direct)()).visit(&CALLS);
        self.everywhere(step, cut, &|| {});
    }

    /// The same while results are kept, and nothing is there.
    ///
    /// # Panics
    ///
    /// As [`read`](Self::read).
    pub fn keep(&self, step: usize, cut: impl Fn(&Proxy, usize)) {
        self.everywhere(step, cut, self.clear);
    }

    fn everywhere(&self, step: usize, cut: impl Fn(&Proxy, usize), prepare: &dyn Fn()) {
        let (mut failures, mut cuts) = (0, 0);
        for place in (0..).step_by(step) {
            prepare();
            cut(self.proxy, place);
            failures += Visitor::on((self.through)()).visit(&CALLS).failures;
            if self.proxy.is_to_cut() {
                self.proxy.cut_nothing();
                assert!(failures > 0 && cuts > 10, "{failures} failures by {cuts} cuts");
                return;
            }
            cuts += 1;
            let direct = || Visitor::on((self.direct)()).visit(&CALLS);
            let after = direct();
            assert_eq!((after.failures, after.warnings), (0, vec![]), "cut after {place} bytes");
            assert_eq!(direct(), Visit::hits(2), "cut after {place} bytes");
        }
    }

    /// Passes all on in pieces of so many bytes: calls are computed, and found.
    ///
    /// # Panics
    ///
    /// Where they are not.
    pub fn crumble(&self, bytes: usize) {
        self.proxy.crumble(bytes);
        let through = || Visitor::on((self.through)()).visit(&CALLS);
        assert_eq!([through(), through()], [Visit::computed(2), Visit::hits(2)]);
    }
}
