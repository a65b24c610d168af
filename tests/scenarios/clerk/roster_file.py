"""Writes the files that a clerk might bring: roster_file.py KIND OUT JSON.

Everybody is invented: the numbers are of the region 3499, which nobody is registered in.
"""

import io
import json
import sys
import zipfile

import openpyxl

HEADS = ["序号", "姓 名", "身份证号（18位）", "手机号", "队伍", "工种", "入场时间", "合同日期", "三级教育", "家庭住址"]


def with_check(first):
    total = sum(int(digit) * weight for digit, weight in zip(first, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]))
    return first + "10X98765432"[total % 11]


def number(n):
    return with_check(f"349901{1970 + n % 30:04}{1 + n % 12:02}{1 + n % 28:02}{n // 28 % 1000:03}")


def rows(facts):
    """Good rows: one a person, days and numbers written in every way that people use."""
    entered = ["2026-06-01", "2026/6/1", "20260601", "2026年6月1日", 46174]
    names = ["张 三", "刘䶮", "𬭼大山", "阿卜杜热合曼•麦麦提明江", "<img src=x onerror=alert(1)>", "=1+1", "@李四", "王\ue832"]
    made = []
    for n in range(facts["good"]):
        name = names[n] if n < len(names) else f"测试{n}"
        one = number(n)
        if n % 7 == 1:
            one = "".join(chr(ord(c) + 0xFEE0) for c in one)
        if n % 7 == 2:
            one = "'" + one.lower()
        made.append([n + 1, name, one, f"139{n:08}", "钢筋一班", "钢筋", entered[n % 5], "", "", "某村"])
    return made


def wrong(facts):
    """One fault a row."""
    good = with_check("34990119800101900"[:17])
    day = "2026-06-01"
    bad = good[:17] + ("1" if good[17] != "1" else "2")
    return [
        ["", "错一", bad, "", "钢筋一班", "钢筋工", day],
        ["", "错二", good[:17], "", "钢筋一班", "钢筋工", day],
        ["", "错三", int(good[:15] + "000"), "", "钢筋一班", "钢筋工", day],
        ["", "错四", number(0), "", "钢筋一班", "钢筋工", day],
        ["", "错五", number(9001), "12345", "钢筋一班", "钢筋工", day],
        ["", "错六", number(9002), "", "没有的班", "钢筋工", day],
        ["", "错七", number(9003), "", "钢筋一班", "太空人", day],
        ["", "错八", number(9004), "", "钢筋一班", "钢筋工", "6月1日"],
        ["", "", number(9005), "", "钢筋一班", "钢筋工", day],
        ["", "错十", "", "", "钢筋一班", "钢筋工", day],
        ["", "错十一", number(9006), "", "", "钢筋工", ""],
        ["", "错十二", with_check("34990120150101001"), "", "钢筋一班", "钢筋工", day],
        ["", "=\"错\"&\"十三\"", number(9007), "", "钢筋一班", "=UPPER(\"x\")", day],
    ]


def roster(facts):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "名单"
    page.append(["江湾新城二期农民工实名制花名册"])
    page.merge_cells("A1:J1")
    page.append(["项目名称：江湾新城", None, None, "填报人：王敏"])
    page.append(HEADS)
    for row in rows(facts) + [["", *known] for known in facts.get("known", [])] + (wrong(facts) if facts.get("wrong") else []):
        page.append(row)
    page.append(["合计", None, None, None, None, "=COUNTA(B4:B20)"])
    book.create_sheet("说明").append(["别的"])
    for row in page.iter_rows(min_row=4):
        if isinstance(row[2].value, str):
            row[2].number_format = "@"
        if isinstance(row[1].value, str) and row[1].value in ("=1+1",):
            row[1].data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def edited(change):
    """A roster with one part of its package changed."""
    old = zipfile.ZipFile(io.BytesIO(roster({"good": 3})))
    out = io.BytesIO()
    new = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
    for name in old.namelist():
        new.writestr(name, change(name, old.read(name)))
    return new, out


def bomb(_):
    new, out = edited(lambda name, data: data)
    new.writestr("xl/media/image1.png", b"\0" * (300 << 20))
    new.close()
    return out.getvalue()


def macros(_):
    new, out = edited(lambda name, data: data)
    new.writestr("xl/vbaProject.bin", b"\0" * 100)
    new.close()
    return out.getvalue()


def deadly(_):
    """Claims more texts than there can be: readers that believe it die."""
    claim = b"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' uniqueCount='9223372036854775807'><si><t>x</t></si></sst>"
    new, out = edited(lambda name, data: claim if name == "xl/sharedStrings.xml" else data)
    if "xl/sharedStrings.xml" not in new.namelist():
        new.writestr("xl/sharedStrings.xml", claim)
    new.close()
    return out.getvalue()


def gbk(facts):
    lines = [",".join(["姓名", "身份证号码", "班组", "工种", "进场日期"])]
    lines += [f"国标{n},{number(7000 + n)},钢筋一班,钢筋工,2026/6/1" for n in range(facts["good"])]
    return "\r\n".join(lines).encode("gbk")


if __name__ == "__main__":
    kind, out, facts = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    with open(out, "wb") as file:
        file.write(globals()[kind](facts))
