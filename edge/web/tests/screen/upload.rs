//! Every record's state, and the city's reasons.

use edge_store::Entry;
use edge_web::PARKED_SETTING;

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
    let parked = format!("[{{\"seq\":117,\"code\":\"waiting\",\"message\":\"{reason}\"}}]");
    writer.put_setting(PARKED_SETTING, &parked).await.unwrap();

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
}
