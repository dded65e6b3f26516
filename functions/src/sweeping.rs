//! A sweep again and again, as long as there is work and time.

use std::time::Duration;

use keyward_service::sweeps::SweepReport;

/// Kept for writing the report and its log line.
const RESERVE: Duration = Duration::from_secs(2);

/// Most runs of one invocation; 1,000 are some 200,000 rows.
const MOST_RUNS: u32 = 1000;

/// Repeats `sweep` while it has more to do and gets on, and adds the reports up. `remaining` is the time until Lambda ends the invocation.
///
/// A run that reaches the end of the time is abandoned between two steps, as by a crash: what it has committed stays, the rest is due again.
///
/// # Errors
/// The first run's error. A later one is logged, and what the runs before it did is reported.
pub(crate) async fn until_done<E: std::fmt::Display>(
    mut sweep: impl AsyncFnMut() -> Result<SweepReport, E>,
    remaining: impl Fn() -> Duration,
) -> Result<SweepReport, E> {
    let mut total = SweepReport::default();
    for run in 0..MOST_RUNS {
        let left = remaining().saturating_sub(RESERVE);
        if left.is_zero() {
            total.more = true;
            break;
        }
        let report = match tokio::time::timeout(left, sweep()).await {
            Ok(Ok(report)) => report,
            Ok(Err(error)) if run == 0 => return Err(error),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the sweep stops early; the rest stays due");
                break;
            }
            Err(_) => {
                total.more = true;
                break;
            }
        };
        add(&mut total, &report);
        let gets_on = report.done > 0 || report.changes > 0;
        if !report.more || !gets_on {
            break;
        }
    }
    Ok(total)
}

/// Adds a run to the total. A row that fails, or goes on, is counted in every run that looks at it.
fn add(total: &mut SweepReport, report: &SweepReport) {
    total.looked_at += report.looked_at;
    total.done += report.done;
    total.changes += report.changes;
    total.failed += report.failed;
    total.more = report.more;
    total.longest_wait_seconds = total.longest_wait_seconds.max(report.longest_wait_seconds);
}

#[cfg(test)]
mod tests {
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
            async || {
                runs += 1;
                reports.next().unwrap_or(Err("asked once too often"))
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
    async fn abandons_a_run_at_the_end_of_the_time() {
        let total = until_done(std::future::pending::<Result<_, &str>>, || RESERVE + Duration::from_millis(1)).await;
        assert_eq!(total, Ok(report(0, 0, true)));
    }

    #[tokio::test]
    async fn stops_after_a_number_of_runs() {
        let mut runs = 0;
        let total = until_done::<&str>(
            async || {
                runs += 1;
                Ok(report(1, 0, true))
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
