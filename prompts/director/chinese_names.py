"""Names of people in Chinese text, told by their form: 小明, 老张, 阿珍, 王老师, 李雷, 欧阳锋, 汤姆.

A form alone is no name (小雨 is a rain, 张开 a verb): a name stands where a clause begins or somebody
is addressed, and does or says something there.  Knows no script; `staging.py` looks the names up.
Try: python -m pytest tests/prompts/director/test_chinese_names.py
"""
# ruff: noqa: RUF001  (Chinese punctuation is meant)

import re

from shotwright.prompts.language import CJK

_SURE = (
    "王李张刘陈杨赵周吴徐孙胡朱何郭罗梁宋郑谢韩唐冯董萧曹袁邓许傅沈彭吕苏卢蒋蔡贾丁魏薛阎潘杜范姚谭"
)
"""Surnames that begin few other words."""
_ALSO = (
    "林黄高马叶白江方石钟汪田任姜邱夏秦尹邹熊孟龙万段雷钱汤黎易常武乔贺赖龚文庞兰殷施陶洪翟安颜倪严牛温季俞章鲁葛"
    "伍韦申尤毕聂柳邢路岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童甄项曲游阳裴席卫屈鲍霍翁隋甘景包柏宁柯阮桂戴余"
)
"""Surnames that are common words too: one needs a title, or a given name of the usual letters."""
_TWO = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|南宫"
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚英华玉萍红建文志玲燕辉鹏宇浩晨欣怡佳思梓涵轩婷琳慧瑶莹薇倩珊雷健斌波"
    "宁峰凯鑫俊帆雯颖蕾洁丹悦楠雪梅晓嘉豪瑞博诗韵哲睿妍彤琪泽"
)
"""Letters of usual given names."""
_CALLED = f"{_GIVEN}{_SURE}林黄高叶方钟秦孟白黑兰月萌美雅毛胖丁六七八宝贝"
_TITLES = (
    "老师|先生|女士|小姐|太太|夫人|医生|大夫|护士|教授|博士|经理|主任|老板|师傅|警官|队长|局长|校长|船长|总|工|"
    "奶奶|爷爷|阿姨|叔叔|大妈|大爷|大叔|大姐|大哥|大娘|婆婆|伯伯|伯|婶|嫂|妈妈|爸爸|妈|哥|姐|叔|姨"
)
_FOREIGN = (
    "汤姆|杰克|玛丽|约翰|露西|安娜|艾米莉?|爱丽丝|鲍勃|彼得|大卫|迈克|麦克|吉姆|凯特|琳达|艾玛|索菲亚?|莉莉|山姆|马克|"
    "保罗|丹尼|乔治|亨利|詹姆斯|威廉|查理|托尼|尼克|杰瑞|杰森|汤米|露露|米娅|诺拉|玛拉|朱莉|艾伦|艾拉|克莱尔|罗斯|萨拉|"
    "海伦|黛西|伊娃|安迪|安妮|贝拉|卡尔|汉斯|马可|李奥|娜塔莎|伊万|露娜|奥利维亚|本杰明|亚当|爱德华|维克多|玛莎|凯文"
)
_DOES = (
    "走跑坐站看望拿跳飞奔冲骑推拉打开关抓抱举捡扔踢追等靠倒躺睡醒笑哭吃喝唱说写读问答喊叫想听敲洗擦切炒煮画弹转回来"
    "去进出离到在正从把被向朝对给让和与跟同也又还都不没已刚就才便独缓慢慢轻悄默静忽突慌低抬点摇伸摸戴穿提端递接放收"
    "伏沉惊拥蹲蹬跪爬游划驾握牵扶搂吻挥指盯凝抽翻合皱叹咬深微愣停迈绕穿越走闭睁双一拔掏拨披系并相互齐是有的、，,。：！？:!?"
)
_BEGIN = (
    rf"(?:(?<![{CJK}])|(?<=[和与跟对向给把被叫问找见到着让是晨夜晚午天时里中上后前、])|(?<=侦探|医生|护士|老师|记者|警察|"
    "警官|画家|作家|歌手|店员|司机|女孩|男孩|少年|少女|妻子|丈夫|母亲|父亲|儿子|女儿|妹妹|姐姐|哥哥|弟弟|朋友|同事|同学|"
    "学生|厨师|渔夫|船长|队长))"
)
"""Where a name may stand: where a clause begins, after a word that leads to somebody, after what they are."""
_NO_END = "的地得着了过上下里中外前后边旁是不都也就又还很们个只条位把被从向往和与跟对给在正一到去来说问看走"
_ENDS_NO_NAME = "州市县省府国朝代城镇村树花草水河路街店桥门口声色家车旁边人"
"""After one letter of a given name no name is said to be: 徐州, 杨树, 张家."""
_NAME = re.compile(
    rf"{_BEGIN}(?:"
    rf"(?P<titled>(?:{_TWO}|[{_SURE}{_ALSO}])(?:{_TITLES}))(?![{CJK}]*?(?:府|家里))(?=[{_DOES}]|$)"
    rf"|(?P<two>(?:{_TWO})[{CJK}](?:(?![{_NO_END}])[{CJK}])??)(?=[{_DOES}])"
    rf"|(?P<short>[小老阿][{_CALLED}])(?=[{_DOES}]|$)"
    rf"|(?P<second>(?<=[和与跟])[小老阿][{_CALLED}])"
    rf"|(?P<dear>阿[{CJK}])(?=[走跑坐站看拿笑哭说问喊想在把和跟递端推拉抱转抬点摇给，。的])"
    rf"|(?P<sure>[{_SURE}](?![{_NO_END}])[{CJK}](?:(?![{_NO_END}])[{CJK}])??)(?=[{_DOES}])"
    rf"|(?P<also>[{_ALSO}][{_GIVEN}]{{1,2}})(?=[{_DOES}])"
    rf"|(?P<foreign>{_FOREIGN})(?=[{_DOES}]|$)"
    r")"
    rf"|(?:名叫|叫做|叫|名为)(?P<called>[{CJK}·]{{2,4}}?)(?=[的，,。！？]|$)"
)
_NO_NAME = re.compile(
    r"许[多久]|周[围末遭边一二三四五六日]|何[时处人况必等种止以曾尝]|张[开望贴]|王[国子后者冠朝]|李子|杨[树柳梅花]|"
    r"胡[子同须桃萝乱]|苏[打醒]|罗[盘马汉]|范[围畴]|唐[朝诗装突]|宋[代朝词]|丁香|谢[谢幕意]|刘海|孙[子女]|陈[旧列设述]|徐徐|"
    r"朱[红砂门]|杜[绝鹃]|董事|梁[上柱]|贾[府人商]|魏[国晋]|郑重|吕梁|曹营"
)
"""Words that begin with a sure surname."""
_WORDS = re.compile(
    r"白[雪玉]|石英|高[超强明]|方明|安[静平宁]|温[文雅]|黄[玉梅]|文[静雅明]|[雷黎严]明|夏雪|江波|宁静|兰雪|小[雪雷波]|"
    r"管家|童年|明月|左英|包宁"
)
"""Words that look like a name of the others."""


def chinese_names(text: str) -> list[str]:
    """The names of people that a text tells by their form, each once, in order."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        name = next(filter(None, match.groups()))
        if _WORDS.fullmatch(name) or (match["called"] and not _is_called(name)):
            continue
        if match["sure"] and _NO_NAME.match(name):
            continue
        if match["sure"] and len(name) == 2 and name[1] in _ENDS_NO_NAME:
            continue
        found[name] = None
    return list(found)


def _is_called(name: str) -> bool:
    """Whether what follows 叫 is a name, and not what is shouted or called for."""
    return not re.search(r"[他她它我你了着的人声]|起来|出来|一", name)
