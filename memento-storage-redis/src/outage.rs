//! A server that is silent: who asked it waited in vain, and others need not.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Whether the server answers. For some time after it did not, nothing is asked; then one request tries it.
pub(crate) struct Outage {
    pause: Duration,
    silence: Mutex<Option<Silence>>,
}

struct Silence {
    until: Instant,
    reason: String,
}

impl Outage {
    /// Asks nothing for `pause` after the server did not answer.
    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, silence: Mutex::new(None) }
    }

    /// Lets a request through, or says why it would be in vain.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut silence = self.silence.lock();
        let Some(silence) = &mut *silence else { return Ok(()) };
        let now = Instant::now();
        if now < silence.until {
            return Err(silence.reason.clone());
        }
        // This request tries it, the others go on without.
        silence.until = now + self.pause;
        Ok(())
    }

    /// The server was silent for too long.
    pub(crate) fn begin(&self, reason: String) {
        *self.silence.lock() = Some(Silence { until: Instant::now() + self.pause, reason });
    }

    /// The server has answered.
    pub(crate) fn end(&self) {
        self.silence.lock().take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_silent_server_nothing_is_asked_until_one_request_tries_it() {
        let outage = Outage::new(Duration::from_hours(1));
        assert_eq!(outage.check(), Ok(()));
        let refused = Err("silent".to_owned());
        for _ in 0..2 {
            outage.begin("silent".to_owned());
            assert_eq!(outage.check(), refused);
            outage.silence.lock().as_mut().unwrap().until = Instant::now();
            assert_eq!(outage.check(), Ok(()), "one tries it");
            assert_eq!(outage.check(), refused, "others do not");
        }
        outage.end();
        assert_eq!(outage.check(), Ok(()));
    }
}
