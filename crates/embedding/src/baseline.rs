//! What a model gives to texts that have nothing to do with each other. Cosines of such models lie in a narrow band far above 0; what counts is how
//! far they are above what is nothing.

/// A need for each of several fields that share no problem.
pub(crate) const UNRELATED: [&str; 12] = [
    "铝合金薄板激光焊接的气孔控制",
    "水稻纹枯病的早期识别与绿色防控",
    "老年髋部骨折术后的康复护理",
    "印染废水中苯胺类物质的深度处理",
    "高速铁路桥梁的沉降监测",
    "乌龙茶摇青程度的在线判断",
    "城市供水管网的漏损定位",
    "锂离子电池正极材料的回收",
    "古籍纸张的脱酸与修复",
    "海上风电叶片的防腐涂层",
    "奶牛乳房炎疫苗的佐剂筛选",
    "中小学课后服务的排课软件",
];

/// The mean over all pairs of unlike numbers. Above 0: vectors that point away from each other are no more unlike than those that do not meet.
pub(crate) fn of(queries: &[Vec<f32>], passages: &[Vec<f32>]) -> f32 {
    let mut sum = 0.0;
    let mut pairs = 0;
    for (one, query) in queries.iter().enumerate() {
        for (other, passage) in passages.iter().enumerate() {
            if one != other {
                sum += query.iter().zip(passage).map(|(a, b)| f64::from(a * b)).sum::<f64>();
                pairs += 1;
            }
        }
    }
    (sum / f64::from(pairs.max(1))).max(0.0) as f32
}
