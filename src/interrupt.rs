//! What happens on Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Once};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// The exit status of a run that was interrupted.
pub const STATUS: u8 = 130;

static IS_REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on the first interrupt is noted, for the run to end where it can be taken up again; a
/// second one ends it at once, for the case that the first finds it waiting for input.
pub fn end_at_a_border() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // In this order: the first signal finds the flag unset. Where there are no signals there
        // is nothing to lose.
        let flag = &*IS_REQUESTED;
        _ = flag::register_conditional_shutdown(SIGINT, STATUS.into(), Arc::clone(flag));
        _ = flag::register(SIGINT, Arc::clone(flag));
    });
}

/// Whether the run is to end.
pub fn is_requested() -> bool {
    IS_REQUESTED.load(Ordering::Relaxed)
}
