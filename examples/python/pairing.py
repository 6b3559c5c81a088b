"""登记一项技术需求，打印与它匹配的专家和理由。

先生成客户端：

    pip install openapi-python-client
    openapi-python-client generate --path ../../openapi/openapi.json --config generator.yaml
    pip install ./hongniang-client
    python pairing.py
"""

import os
import sys
import uuid

from hongniang_client import AuthenticatedClient
from hongniang_client.api.匹配 import match_need
from hongniang_client.api.技术需求 import create_need
from hongniang_client.models import MatchNeedTarget, Matches, NeedForm, NeedView


def main() -> None:
    url = os.environ.get("HONGNIANG_URL", "http://127.0.0.1:8080")
    # 重试时带同一个 Idempotency-Key，需求不会登记两次。
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    client = AuthenticatedClient(base_url=url, token=os.environ["HONGNIANG_KEY"], headers=headers)
    form = NeedForm(
        title="方形铝壳锂离子电池激光焊接气孔控制",
        region="安徽省滁州市",
        description="焊缝气孔率偏高，希望降到千分之三以下，节拍不低于 12 ppm。",
    )
    need = create_need.sync(client=client, body=form)
    if not isinstance(need, NeedView):
        sys.exit(f"登记失败：{need}")
    print(f"已登记：{need.id}")
    found = match_need.sync(need.id, client=client, target=MatchNeedTarget.EXPERTS, limit=3)
    if not isinstance(found, Matches):
        sys.exit(f"匹配失败：{found}")
    for match in found.matches:
        print(f"{match.rank}. {match.target.title}  {match.score} 分  {match.explanation.sentence}")


if __name__ == "__main__":
    main()
