//! A sweep again and again, as long as there is work and time.

use std::time::Duration;

use keyward_service::sweeps::{SweepReport, SweepRun};

/// Kept for writing the report and its log line.
const RESERVE: Duration = Duration::from_secs(2);

/// Most runs of one invocation; 1,000 are some 200,000 rows.
const MOST_RUNS: u32 = 1000;

/// Repeats `sweep` while it has more to do and gets on, and adds up what the runs did. `remaining` is the time until Lambda ends the invocation.
///
/// A run that reaches the end of the time is abandoned between two steps, as by a crash: what it has committed stays, the rest is due again.
/// What it did until then is in the report.
///
/// # Errors
/// The first run's error. A later one is logged, and what was done is reported.
pub(crate) async fn until_done<E: std::fmt::Display>(
    mut sweep: impl AsyncFnMut(&SweepRun) -> Result<(), E>,
    remaining: impl Fn() -> Duration,
) -> Result<SweepReport, E> {
    let mut total = SweepReport::default();
    for number in 0..MOST_RUNS {
        let left = remaining().saturating_sub(RESERVE);
        if left.is_zero() {
            total.more = true;
            break;
        }
        let run = SweepRun::default();
        let ended = tokio::time::timeout(left, sweep(&run)).await;
        let report = run.report();
        total.add(&report);
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) if number == 0 && report.looked_at == 0 => return Err(error),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the sweep stops early; the rest stays due");
                total.more = true;
                break;
            }
            Err(_) => {
                tracing::warn!(?report, "the time is over; the run is abandoned, the rest stays due");
                total.more = true;
                break;
            }
        }
        let gets_on = report.done > 0 || report.changes > 0;
        if !report.more || !gets_on {
            break;
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use keyward_service::sweeps::NoticesFound;

    use super::*;

    const PLENTY: Duration = Duration::from_secs(60);

    fn report(done: u64, failed: u64, more: bool) -> SweepReport {
        SweepReport { looked_at: done + failed, done, changes: done, failed, more, ..SweepReport::default() }
    }

    /// Runs over these reports; gives the total and the number of runs.
    async fn over(
        reports: Vec<Result<SweepReport, &'static str>>,
        remaining: impl Fn() -> Duration,
    ) -> (Result<SweepReport, &'static str>, usize) {
        let (mut runs, mut reports) = (0, reports.into_iter());
        let total = until_done(
            async |run: &SweepRun| {
                runs += 1;
                let report = reports.next().unwrap_or(Err("asked once too often"))?;
                run.count(|counted| *counted = report);
                Ok(())
            },
            remaining,
        )
        .await;
        (total, runs)
    }

    #[tokio::test]
    async fn goes_on_while_there_is_more() {
        let (total, runs) = over(vec![Ok(report(50, 0, true)), Ok(report(3, 1, false))], || PLENTY).await;
        assert_eq!((total, runs), (Ok(report(53, 1, false)), 2));
    }

    #[tokio::test]
    async fn stops_where_nothing_gets_on() {
        let (total, runs) = over(vec![Ok(report(0, 50, true))], || PLENTY).await;
        assert_eq!((total, runs), (Ok(report(0, 50, true)), 1));
    }

    #[tokio::test]
    async fn stops_when_the_time_is_over_and_says_that_there_may_be_more() {
        let (total, runs) = over(vec![], || RESERVE).await;
        assert_eq!((total, runs), (Ok(report(0, 0, true)), 0));
    }

    #[tokio::test]
    async fn a_run_that_is_abandoned_at_the_end_of_the_time_says_what_it_did() {
        let stuck = SweepReport { longest_wait_seconds: 7200, ..report(3, 2, false) };
        let mut runs = 0;
        let total = until_done::<&str>(
            async |run: &SweepRun| {
                runs += 1;
                if runs == 1 {
                    run.count(|counted| *counted = report(50, 0, true));
                    return Ok(());
                }
                run.count(|counted| *counted = stuck.clone());
                std::future::pending().await
            },
            || RESERVE + Duration::from_millis(1),
        )
        .await;
        assert_eq!(total, Ok(SweepReport { longest_wait_seconds: 7200, ..report(53, 2, true) }));
        assert_eq!(runs, 2);
    }

    #[tokio::test]
    async fn a_run_that_fails_later_says_what_it_did() {
        let mut runs = 0;
        let total = until_done(
            async |run: &SweepRun| {
                runs += 1;
                run.count(|counted| *counted = report(1, 0, runs == 1));
                if runs == 1 { Ok(()) } else { Err("down") }
            },
            || PLENTY,
        )
        .await;
        assert_eq!(total, Ok(report(2, 0, true)));
    }

    #[tokio::test]
    async fn of_the_notices_that_wait_counts_the_run_that_found_most() {
        let found = |waiting, oldest_seconds, given_up| SweepReport {
            notices: Some(NoticesFound { waiting, oldest_seconds, given_up }),
            ..report(1, 0, waiting > 1)
        };
        let (total, _) = over(vec![Ok(found(9, 60, 1)), Ok(found(1, 900, 2))], || PLENTY).await;
        assert_eq!(
            total.map(|total| total.notices),
            Ok(Some(NoticesFound { waiting: 9, oldest_seconds: 900, given_up: 3 }))
        );
    }

    #[tokio::test]
    async fn stops_after_a_number_of_runs() {
        let mut runs = 0;
        let total = until_done::<&str>(
            async |run: &SweepRun| {
                runs += 1;
                run.count(|counted| *counted = report(1, 0, true));
                Ok(())
            },
            || PLENTY,
        )
        .await;
        assert_eq!((total, runs), (Ok(report(1000, 0, true)), MOST_RUNS));
    }

    #[tokio::test]
    async fn an_error_is_the_answer_only_where_nothing_was_done() {
        assert_eq!(over(vec![Err("down")], || PLENTY).await, (Err("down"), 1));
        let (total, runs) = over(vec![Ok(report(50, 0, true)), Err("down")], || PLENTY).await;
        assert_eq!((total, runs), (Ok(report(50, 0, true)), 2));
    }
}
