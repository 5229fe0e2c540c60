from tests.admin_export.conftest import exported, told_as
def test_it(west, real_projects):
    d = exported(west)
    assert len(d.plans) == 58
    for p, r in zip(d.plans, real_projects):
        print(p.number, p.title, p.cost, p.text == told_as(r),p.cost == r.cost, p.theme)
    assert [p.text for p in d.plans] == [told_as(r) for r in real_projects]
    assert [p.cost for p in d.plans] == [r.cost for r in real_projects]
    print(d.plans[3])
    print(d.figures)
