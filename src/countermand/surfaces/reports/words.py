"""What the page calls things, in both languages."""

from __future__ import annotations

from countermand.kernel.text import Text

OUTCOMES = {
    "allow": Text(en="allow", zh="放行"),
    "challenge": Text(en="challenge", zh="加验"),
    "hold": Text(en="hold", zh="暂缓"),
    "approve": Text(en="approval", zh="人工审批"),
    "deny": Text(en="deny", zh="拒绝"),
}

# name of the figure -> what it is called, what it means
FIGURES = {
    "loss_total": (
        Text(en="Fraud in the data", zh="数据中的欺诈金额"),
        Text(en="Money of operations labelled fraud", zh="标记为欺诈的操作金额"),
    ),
    "loss_stopped": (
        Text(en="Fraud stopped", zh="拦下的欺诈金额"),
        Text(en="Of that, not simply allowed", zh="其中未直接放行的部分"),
    ),
    "loss_stopped_share": (
        Text(en="Share of fraud money stopped", zh="欺诈金额拦截率"),
        Text(en="Stopped money over all fraud money", zh="拦下金额占全部欺诈金额"),
    ),
    "loss_saved": (
        Text(en="Loss saved", zh="挽回的损失"),
        Text(
            en="Stopped money times what each answer is assumed to stop", zh="拦下金额乘以各处置的假定拦截率"
        ),
    ),
    "loss_let_through": (
        Text(en="Fraud let through", zh="漏过的欺诈金额"),
        Text(en="Fraud money that was simply allowed", zh="被直接放行的欺诈金额"),
    ),
    "recall": (
        Text(en="Recall", zh="召回率"),
        Text(en="Frauds that were not simply allowed", zh="欺诈操作中未直接放行的比例"),
    ),
    "precision": (
        Text(en="Precision", zh="精确率"),
        Text(en="Labelled alerts that were fraud", zh="已标记的告警中确为欺诈的比例"),
    ),
    "f1": (Text(en="F1", zh="F1"), Text(en="Harmonic mean of both", zh="精确率与召回率的调和平均")),
    "false_positive_rate": (
        Text(en="False-positive rate", zh="误伤率"),
        Text(en="Genuine operations that were not simply allowed", zh="正常操作中未直接放行的比例"),
    ),
    "false_positives_each_fraud": (
        Text(en="False alarms for each fraud caught", zh="每拦一笔欺诈的误伤笔数"),
        Text(en="Genuine operations disturbed over frauds caught", zh="被打扰的正常操作与拦下欺诈之比"),
    ),
    "auc_roc": (
        Text(en="AUC of the score", zh="评分 AUC"),
        Text(en="Chance that a fraud scores above a genuine one", zh="欺诈评分高于正常操作的概率"),
    ),
    "average_precision": (
        Text(en="Average precision of the score", zh="评分平均精确率"),
        Text(en="Mean precision over the frauds, highest score first", zh="按评分从高到低的平均精确率"),
    ),
    "card_precision": (
        Text(en="Account precision at k a day", zh="每日前 k 账户精确率"),
        Text(
            en="Of the k most suspicious accounts of a day, those compromised",
            zh="每天最可疑的 k 个账户中确被盗用的比例",
        ),
    ),
    "alerts": (
        Text(en="Alerts", zh="告警数"),
        Text(en="Operations that were not simply allowed", zh="未直接放行的操作"),
    ),
    "alert_share": (
        Text(en="Alert share", zh="告警比例"),
        Text(en="Alerts over all operations", zh="告警占全部操作"),
    ),
    "alerts_a_day": (
        Text(en="Alerts a day", zh="日均告警"),
        Text(en="Mean over local days", zh="按本地日平均"),
    ),
    "challenges": (
        Text(en="Challenges", zh="加验次数"),
        Text(en="Operations answered with a question", zh="要求客户加验的操作"),
    ),
    "step_up_rate": (
        Text(en="Step-up rate", zh="加验率"),
        Text(en="Challenges over all operations", zh="加验占全部操作"),
    ),
    "disturbed_share": (
        Text(en="Customers' operations disturbed", zh="打扰率"),
        Text(
            en="Of the operations not known to be fraud, those not simply allowed",
            zh="未知为欺诈的操作中未直接放行的比例",
        ),
    ),
    "disturbed_money": (
        Text(en="Customers' money kept waiting", zh="被耽搁的客户金额"),
        Text(en="Money of those operations", zh="上述操作的金额"),
    ),
    "seconds_asked": (
        Text(en="Seconds asked of a customer", zh="客户加验用时"),
        Text(en="By challenges, on average over their operations", zh="加验用时，按操作平均"),
    ),
    "seconds_waited": (
        Text(en="Waiting time of a customer", zh="客户等待时间"),
        Text(
            en="By holds and approvals, on average over their operations", zh="暂缓与审批的等待，按操作平均"
        ),
    ),
}
BETTER_UP = frozenset(
    "loss_stopped loss_stopped_share loss_saved recall precision f1 auc_roc average_precision "
    "card_precision".split()
)

BUDGET = {
    "within": Text(en="within budget", zh="预算内"),
    "perhaps": Text(en="over, within the margin", zh="略超，在误差内"),
    "over": Text(en="over budget", zh="超出预算"),
    "unknown": Text(en="no labels to tell", zh="无标记，无法判断"),
    "none": Text(en="no budget declared", zh="未设预算"),
}

GROUPS = {
    "caught": Text(en="Fraud newly stopped", zh="新拦下的欺诈"),
    "missed": Text(en="Fraud newly let through", zh="新漏过的欺诈"),
    "disturbed": Text(en="Genuine customers newly disturbed", zh="新增的误伤"),
    "freed": Text(en="Genuine customers no longer disturbed", zh="不再误伤的正常操作"),
    "stricter": Text(en="Otherwise stricter", zh="其他变严的操作"),
    "milder": Text(en="Otherwise milder", zh="其他变宽的操作"),
}

STATES = {
    "added": Text(en="added", zh="新增"),
    "removed": Text(en="removed", zh="删除"),
    "rewritten": Text(en="rewritten", zh="条件改写"),
    "reweighted": Text(en="reweighted", zh="力度调整"),
    "same": Text(en="same", zh="未变"),
}
