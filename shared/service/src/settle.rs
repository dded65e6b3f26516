//! Deciding again when somebody else was faster.

use std::time::Duration;

/// How often a decision is made again before the caller is told to come back.
const MOST: u32 = 25;

/// Counts the tries of one request.
pub(crate) struct Tries(u32);

impl Tries {
    pub(crate) fn new() -> Self {
        Self(0)
    }

    /// Waits a little longer each time, with jitter, and says whether to try again.
    pub(crate) async fn again(&mut self) -> bool {
        self.0 += 1;
        if self.0 >= MOST {
            return false;
        }
        let mut random = [0_u8; 1];
        // Without randomness the wait is only less spread.
        let _ = aws_lc_rs::rand::fill(&mut random);
        let most = 2_u64 << self.0.min(6);
        let wait = u64::from(random[0]) * most / 256;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        true
    }
}

/// Repeats an attempt that loads, decides and commits for as long as somebody else commits in between.
macro_rules! settle {
    ($attempt:expr) => {{
        let mut tries = $crate::settle::Tries::new();
        loop {
            match $attempt.await {
                Err($crate::ServiceError::Conflict) => {
                    if !tries.again().await {
                        break Err($crate::ServiceError::Contended);
                    }
                }
                settled => break settled,
            }
        }
    }};
}

pub(crate) use settle;
