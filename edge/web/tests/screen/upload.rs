//! Every record's state, and the city's reasons.

use edge_store::{Entry, NewEpoch, ParkedRecord, ParkedTold, new_epoch_name};
use edge_web::PhotosView;

use crate::browser::{claimed_site, page};

fn team(number: u32) -> Entry {
    let body = format!(
        "{{\"at\":1780441331000,\"boot\":1,\"mono\":1,\"clock\":\"synced\",\"kind\":\"team\",\
         \"team\":{number},\"employer\":1,\"name\":\"钢筋一班\"}}"
    );
    Entry::new(body.into_bytes())
}

#[tokio::test]
async fn each_record_says_where_it_is_and_why() {
    let (site, client) = claimed_site().await;
    let html = page(&client, &site, "/upload").await.text().await.unwrap();
    assert!(
        html.contains("还没有记录") && html.contains("✔ 没有。"),
        "{html}"
    );

    let writer = site.store.writer();
    let epoch = site.store.facts().epoch.clone();
    writer.append((1..=120).map(team).collect()).await.unwrap();
    writer
        .advance_cursor(&epoch, 118, Vec::new())
        .await
        .unwrap();
    let reason = "<b>单位 1 还没有上传</b>";
    let parked = |seqs: std::ops::RangeInclusive<u64>, message: &str| ParkedTold {
        named: seqs
            .map(|seq| ParkedRecord {
                seq,
                code: "unknown_reference".to_owned(),
                message: message.to_owned(),
            })
            .collect(),
        nothing_else_in: None,
    };
    let told = parked(117..=117, reason);
    writer.keep_parked(&epoch, told).await.unwrap();

    let html = page(&client, &site, "/upload").await.text().await.unwrap();
    let count = |text: &str| html.matches(text).count();
    assert_eq!((count("… 待上传"), count("✔ 平台已收下")), (2, 47));
    assert_eq!(count("! 平台用不了"), 1);
    assert_eq!(
        count("单位 1 还没有上传"),
        2,
        "in its own list and in the records"
    );
    assert!(!html.contains("<b>单位 1"), "markup got through");
    assert!(html.contains("/upload?before=71"), "{html}");

    let html = page(&client, &site, "/upload?before=71")
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("流水号 70<") && html.contains("← 最新"));
    let html = page(&client, &site, "/upload?state=waiting")
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(html.matches("… 待上传").count(), 2);
    assert!(!html.contains("流水号 118<") && !html.contains("更早的"));
    for odd in ["/upload?before=-1", "/upload?before=0", "/upload?state=%00"] {
        let answer = page(&client, &site, odd).await;
        assert_eq!(answer.status(), 200, "{odd}");
    }

    // After a fork the list goes on; of more than fit the oldest are shown, and all are counted.
    let began = writer.begin_epoch(NewEpoch {
        name: new_epoch_name().unwrap(),
        first: (1..=230).map(team).collect(),
        ..NewEpoch::default()
    });
    let began = began.await.unwrap();
    let told = parked(1..=230, "缺内容");
    writer.keep_parked(&began.name, told).await.unwrap();
    let html = page(&client, &site, "/upload").await.text().await.unwrap();
    assert!(html.contains("231 条") && html.contains("只列出最早的 200 条"));
    assert!(html.contains("以前的账本 流水号 117<"), "{html}");
    assert_eq!(html.matches("以前的账本").count(), 1);
    assert_eq!(html.matches("! 平台用不了").count(), 50);
}

#[tokio::test]
async fn pictures_on_their_way_are_counted_with_basis_and_reason() {
    let (site, client) = claimed_site().await;
    let html = page(&client, &site, "/upload").await.text().await.unwrap();
    assert!(html.contains("照片和人脸模板都不上传"), "{html}");
    site.health.send_modify(|health| {
        health.photos = Some(PhotosView {
            basis: "市住建局 <12> 号文".to_owned(),
            waiting: 1_203,
            refused: 2,
            sent_at_ms: Some(1_780_441_331_000),
            problem: Some("平台不认本机的证书".to_owned()),
        });
    });
    let html = page(&client, &site, "/upload").await.text().await.unwrap();
    for said in [
        "1\u{202f}203 张",
        "有 2 张平台不收",
        "市住建局 &#60;12&#62; 号文",
        "平台不认本机的证书",
        "人脸模板和登记照从不上传",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
}
