//! The bound on memory: what is allocated for one input, all of it summed as if none were given back.
//!
//! That is stricter than what it holds at one time, exact, and says which input it was. What aws-lc takes by itself is not
//! seen here; the bound on the whole process (`run.sh`) covers it.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Most bytes for one input.
const ALLOCATED: usize = 64 * 1024 * 1024;

/// Runs what is done for one input.
pub fn bounded(work: impl FnOnce()) {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    let grown = usize::try_from(change.bytes_reallocated).unwrap_or(0);
    let allocated = change.bytes_allocated + grown;
    assert!(allocated <= ALLOCATED, "{allocated} bytes were allocated for this input; at most {ALLOCATED} may be");
}
