//! What happens on Ctrl-C, and when the run is told to end.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Once};

pub use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

static IS_REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static SIGNAL: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

/// From now on the first of these signals is noted, for the run to end where it can be taken up
/// again; a second one ends it at once, for the case that the first finds it waiting for input.
/// Only the first call counts.
pub fn end_at_a_border(signals: &[c_int]) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for &signal in signals {
            // In this order: the first signal finds the flag unset. Where there are no signals
            // there is nothing to lose.
            let flag = &*IS_REQUESTED;
            _ = flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(flag));
            _ = flag::register_usize(signal, Arc::clone(&*SIGNAL), signal as usize);
            _ = flag::register(signal, Arc::clone(flag));
        }
    });
}

/// Whether the run is to end.
pub fn is_requested() -> bool {
    IS_REQUESTED.load(Ordering::Relaxed)
}

/// The exit status of a run that ended by a signal, as shells have it.
pub fn status() -> u8 {
    128 + SIGNAL.load(Ordering::Relaxed) as u8
}
