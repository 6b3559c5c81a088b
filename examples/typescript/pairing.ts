// 登记一项技术需求，打印与它匹配的专家和理由：npm install && npm run generate && npm run build && npm start
import createClient from "openapi-fetch";

import type { paths } from "./api.js";

const key = process.env["HONGNIANG_KEY"];
if (!key) throw new Error("请先设置 HONGNIANG_KEY");

const client = createClient<paths>({
  baseUrl: process.env["HONGNIANG_URL"] ?? "http://127.0.0.1:8080",
  headers: { Authorization: `Bearer ${key}` },
});

const created = await client.POST("/api/v1/needs", {
  // 重试时带同一个 Idempotency-Key，需求不会登记两次。
  headers: { "Idempotency-Key": crypto.randomUUID() },
  body: {
    title: "方形铝壳锂离子电池激光焊接气孔控制",
    region: "安徽省滁州市",
    description: "焊缝气孔率偏高，希望降到千分之三以下，节拍不低于 12 ppm。",
  },
});
if (created.error) throw new Error(`登记失败：${created.error.detail}`);
console.log(`已登记：${created.data.id}`);

const found = await client.GET("/api/v1/needs/{id}/matches", {
  params: { path: { id: created.data.id }, query: { target: "experts", limit: 3 } },
});
if (found.error) throw new Error(`匹配失败：${found.error.detail}`);
for (const { rank, target, score, explanation } of found.data.matches) {
  console.log(`${rank}. ${target.title}  ${score} 分  ${explanation.sentence}`);
}
