"""导入一份技术需求的 CSV 表格，打印每一处不合格的内容。

客户端的生成方法见 pairing.py。用法：python importing.py 技术需求征集表.csv
"""

import os
import sys
from pathlib import Path

from hongniang_client import AuthenticatedClient
from hongniang_client.api.技术需求 import import_needs
from hongniang_client.models import ImportReport
from hongniang_client.types import File


def main() -> None:
    url = os.environ.get("HONGNIANG_URL", "http://127.0.0.1:8080")
    client = AuthenticatedClient(base_url=url, token=os.environ["HONGNIANG_KEY"])
    with Path(sys.argv[1]).open("rb") as table:
        # 带外部编号的表格可以放心重传：已有的记录只会更新，不会重复登记。
        report = import_needs.sync(client=client, body=File(payload=table))
    if not isinstance(report, ImportReport):
        sys.exit(f"导入失败：{report}")
    print(f"新增 {report.created}，修改 {report.changed}，未变 {report.unchanged}，不合格 {report.rejected}")
    for error in report.errors:
        for problem in error.problems:
            print(f"第 {error.line} 行 {problem.label}：{problem.detail}")


if __name__ == "__main__":
    main()
