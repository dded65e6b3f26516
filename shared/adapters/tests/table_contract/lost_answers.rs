//! A line that loses answers: a transaction that was applied is not applied again when it is sent again.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use keyward_adapters::table::DynamoTable;
use keyward_service::ports::table::{Condition, Table as _, TableError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    local_cloud,
    sample::{create, item, key, put},
};

/// Passes a connection on. Of a transaction, while there are losses left, the answer is taken and thrown away with the connection.
async fn pass_on(mut client: TcpStream, server: String, losses: Arc<AtomicU32>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    let mut losing = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let length = read?;
                if length == 0 {
                    return Ok(());
                }
                let sent = &from_client[..length];
                let transaction = sent.windows(18).any(|window| window == b"TransactWriteItems");
                let one_less = |left: u32| left.checked_sub(1);
                losing |= transaction && losses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
                server.write_all(sent).await?;
            }
            read = server.read(&mut from_server) => {
                let length = read?;
                if length == 0 || losing {
                    return Ok(());
                }
                client.write_all(&from_server[..length]).await?;
            }
        }
    }
}

/// The address of a line to `server` that loses as many answers.
async fn line(server: &str, losses: u32) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (server, losses) = (server.trim_start_matches("http://").to_owned(), Arc::new(AtomicU32::new(losses)));
    let counted = Arc::clone(&losses);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass_on(client, server.clone(), Arc::clone(&losses)));
        }
    });
    (format!("http://{address}"), counted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transaction_whose_answer_was_lost_is_applied_once() {
    for losses in 1..=2 {
        let name = local_cloud::fresh_name();
        let direct = DynamoTable::of_local_cloud(local_cloud::endpoint(), local_cloud::REGION, name.as_str());
        direct.ensure_table().await.unwrap();
        let (address, left) = line(local_cloud::endpoint(), losses).await;
        let table = DynamoTable::of_local_cloud(&address, local_cloud::REGION, name);

        assert_eq!(table.transact(vec![create("a", "b")]).await, Ok(()), "{losses} answers lost");
        assert_eq!(left.load(Ordering::SeqCst), 0, "the line lost nothing");
        assert_eq!(table.get(&key("a", "b")).await.unwrap().map(|item| item.revision), Some(1));
        // Another transaction with the same content is another one, and finds the item.
        let again = table.transact(vec![create("a", "b")]).await;
        assert_eq!(again, Err(TableError::ConditionFailed { index: 0 }));
        let next = put(item("a", "b", 2), Condition::Revision(1));
        assert_eq!(table.transact(vec![next]).await, Ok(()));
    }
}
