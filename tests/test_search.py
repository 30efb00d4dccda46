"""Passages are found, by words as people write them, in the documents they may see and no other."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from documents import erasing, search, tasks
from documents.models import Document, KeyCount, Stretch, Text, Version
from tests.conftest import read, upload


def ready(workspace, by, text, name="a.txt"):
    made = upload(workspace, by, text, name)
    assert read(made).status == "ready"
    return made


def find(workspace, *queries, documents=None, **options):
    rows = Document.objects.filter(workspace=workspace) if documents is None else documents
    return search.search(workspace, queries, rows, **options)


def texts(*found, **options):
    return [hit.text for hit in find(*found, **options)]


def test_a_passage_is_found_with_its_exact_place_page_and_heading(workspace, document):
    hit = find(workspace, "insolvent party")[0]
    content = Text.objects.get(version=document.current).content
    assert content[hit.start : hit.end] == hit.text
    assert "becomes insolvent" in hit.text
    assert (hit.document, hit.version, hit.page) == (document, document.current, 1)
    assert hit.heading == "2. Termination."
    assert [content[start:end] for start, end in hit.sentences][-1].startswith("A party\nmay")
    assert find(workspace, "invoice")[0].page == 2


def test_the_best_passage_comes_first_and_the_limit_is_kept(workspace, document):
    found = find(workspace, "governing law of Ireland", limit=2)
    assert "laws of Ireland" in found[0].text
    assert len(found) <= 2
    assert found == sorted(found, key=lambda hit: -hit.score)
    assert find(workspace, "Ireland", limit=0) == []


def test_several_queries_are_fused_into_one_ranking(workspace, document):
    found = texts(workspace, "monthly fees", "governing law")
    assert any("12,000 euros" in text for text in found[:3])
    assert any("laws of Ireland" in text for text in found[:3])


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("The tenant’s deposit is returned.", "tenant's deposit"),
        ("The parties’ obligations survive.", "party obligation"),
        ("This is a Non‑Disclosure Agreement.", "nondisclosure"),
        ("Nondisclosure is agreed.", "non-disclosure"),
        ("Early termi-\nnation is not allowed.", "termination"),
        ("The ﬁnal oﬀer is open.", "final offer"),
        ("The price is ＡＢＣ 500.", "abc"),
        ("Fees of 12,000 euros are due.", "12000"),
        ("See Sec. 4.2(a) of the Lease.", "4.2"),
        ("Die Kündigungsfristen betragen drei Monate und sind fest.", "Kündigungsfrist"),
        ("Die Haftung für Mängel ist ausgeschlossen und der Käufer ist informiert.", "Mangel"),
        ("Le contrat prévoit la résiliation de l’accord par les parties.", "résiliations"),
        ("Le contrat prévoit la résiliation de l’accord par les parties.", "accord"),
        ("El arrendatario pagará las rentas de los meses del contrato.", "renta"),
        ("Стороны договорились о расторжении договора.", "расторжение договора"),
        ("يجوز للطرفين إنهاء العقد في أي وقت من الأوقات على أن يتم الإخطار.", "إنهاء العقد"),
        ("本合同受中华人民共和国法律管辖。双方应当遵守。", "法律管辖"),
        ("この契約は日本法に準拠する。当事者は合意した。", "日本法"),
        ("이 계약은 대한민국 법률에 따른다.", "법률"),
    ],
)  # fmt: skip
def test_words_are_found_as_people_write_them(workspace, owner, text, query):
    ready(workspace, owner, f"{text}\fSomething else, unlike it: 0000.", "text.txt")
    found = find(workspace, query)
    assert found
    assert found[0].text in text


def test_an_unfinished_word_finds_what_it_may_become_while_typing(workspace, document):
    assert not find(workspace, "inso")
    for begun in ("inso", "insolven", "governing la", "terminati", "Irel"):
        assert find(workspace, begun, typing=True), begun


HOSTILE = [
    "", "   ", "\0", "a\0b", '"', "'", "''; DROP TABLE documents_stretch;--", "NEAR(a b)", "a AND",
    "AND OR NOT", "words:x", "col : y", "^a", "a*", "-a", "(((", "a & | ! <-> b", "\\", "%s %(x)s",
    "the of and", "🙂🙃", "\ud800", "\U000e0001", "ا" * 500, "x" * 100_000, "word " * 10_000,
    "term" + "\u0301" * 50, "~1", "=law", "@en", "#", "'law", "law'law", "\u0085\u2028", "İ", "ǅ",
    "𒀀𒀁", "ﷺ", "法", "1.2.3.4,5", "a_b", "___",
]  # fmt: skip


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_no_query_raises(workspace, owner, document, query):
    for typing in (False, True):
        find(workspace, query, query, typing=typing)
    assert find(workspace, "law of Ireland")


def test_no_text_keeps_its_document_from_the_index(workspace, owner):
    text = "\f".join(query for query in HOSTILE if query.strip()).encode("utf-8", "replace")
    made = ready(workspace, owner, text, "hostile.txt")
    assert not Version.objects.to_index().exists()
    assert find(workspace, "drop table")[0].document == made


def test_no_query_and_nothing_but_stop_words_find_nothing(workspace, document):
    assert find(workspace) == find(workspace, "what is the") == find(workspace, "zyzzyva") == []


def test_an_empty_set_finds_nothing(workspace, document):
    assert find(workspace, "law", documents=Document.objects.none()) == []


def test_only_the_documents_given_are_found(workspace, owner, document):
    other = ready(workspace, owner, "The law of Malta governs this lease.", "lease.txt")
    only = Document.objects.filter(pk=other.pk)
    assert {hit.document for hit in find(workspace, "law", documents=only)} == {other}
    assert {hit.document for hit in find(workspace, "law")} == {other, document}


def test_a_question_that_names_a_document_finds_it_first(workspace, owner):
    for name in ("Alder lease", "Birch licence", "Cedar supply", "Maple services"):
        ready(workspace, owner, f"{name}\n\nThis is governed by the laws of Malta.", f"{name}.txt")
    assert find(workspace, "Which law governs the Cedar supply?")[0].document.title[:5] == "Cedar"


def test_a_name_chooses_the_document_and_the_other_words_the_passage(workspace, owner):
    for name in ("Alder", "Birch", "Cedar", "Maple"):
        clauses = f"{name} is a party.\f{name} signs." + "\fx" * 800 + "\fThe law is foreign."
        ready(workspace, owner, clauses, f"{name}.txt")
    hit = find(workspace, "Which law applies to Cedar?")[0]
    assert (hit.document.title, hit.text) == ("Cedar.txt", "The law is foreign.")


def test_a_word_that_is_in_one_head_by_chance_names_no_document(workspace, owner):
    ready(workspace, owner, "Territory and other matters.\fNothing is exclusive.", "a.txt")
    for name in "bcdefgh":
        text = f"Clause {name}." + "\fx" * 800 + "\fThe exclusive territory is Malta."
        ready(workspace, owner, text, f"{name}.txt")
    assert "exclusive territory" in find(workspace, "exclusive territory")[0].text


# what is not found -----------------------------------------------------------------------------


def test_strangers_words_are_neither_found_nor_counted(workspace, document, elsewhere, stranger):
    def scored():
        found = find(workspace, "insolvent party law notice")
        return [(hit.text, hit.score) for hit in found]

    before = scored()
    for number in range(5):
        ready(elsewhere, stranger, f"Insolvent party {number}. Secret notice.", f"{number}.txt")
    assert [
        (hit.text, hit.score) for hit in find(workspace, "insolvent party law notice")
    ] == before
    assert find(workspace, "secret", typing=True) == []
    everything = Document.objects.all()
    assert find(workspace, "secret", documents=everything) == []
    assert find(elsewhere, "secret", documents=everything)


def test_what_is_in_the_trash_is_not_found_and_what_is_restored_is(workspace, owner, document):
    Document.objects.filter(pk=document.pk).update(
        deleted_at=timezone.now(), deleted_by=owner, purge_at=timezone.now()
    )
    assert find(workspace, "insolvent") == []
    Document.objects.filter(pk=document.pk).update(deleted_at=None, deleted_by=None, purge_at=None)
    assert find(workspace, "insolvent")


def test_nothing_of_an_erased_document_stays_in_the_index(workspace, owner, document):
    document.mark_deleted(owner)
    erasing.erase(document)
    assert not Stretch.objects.exists()
    assert not KeyCount.objects.exists()


def test_a_new_version_takes_the_place_of_the_old_one(workspace, owner, document):
    other = ready(workspace, owner, "The tenant pays in doubloons.", "new.txt")
    newer = other.current
    Document.objects.filter(pk=other.pk).update(current=None)
    Version.objects.filter(pk=newer.pk).update(document=document, number=2, indexed_at=None)
    Document.objects.filter(pk=document.pk).update(current=newer)
    assert [hit.outdated for hit in find(workspace, "insolvent")] == [True]
    assert search.index(Version.objects.get(pk=newer.pk))
    assert find(workspace, "insolvent") == []
    assert find(workspace, "doubloons")[0].document == document
    assert {row.version for row in Stretch.objects.all()} == {newer}


def test_a_renamed_document_is_found_by_its_new_name(as_owner, workspace, owner):
    for name in ("one", "two", "three"):
        ready(workspace, owner, f"It is governed by the laws of Malta ({name}).", f"{name}.txt")
    second = Document.objects.get(title="two.txt")
    address = f"/w/{workspace.slug}/documents/{second.public_id}/rename/"
    as_owner.post(address, {"title": "Heliotrope"})
    assert find(workspace, "laws heliotrope")[0].document == second


# the index -------------------------------------------------------------------------------------


def contents():
    rows = Stretch.objects.order_by("version", "number")
    counts = KeyCount.objects.order_by("workspace", "key")
    return (
        [(row.version_id, row.number, row.words, bytes(row.packed)) for row in rows],
        list(counts.values_list("workspace", "key", "passages")),
    )


def test_indexing_again_changes_nothing_and_forgetting_leaves_nothing(workspace, owner, document):
    second = ready(workspace, owner, "The law of Malta governs this lease.", "lease.txt")
    before = contents()
    for made in (document, second):
        Version.objects.filter(pk=made.current_id).update(indexed_at=None)
        assert search.index(made.current)
    assert contents() == before
    search.forget([second.current])
    assert find(workspace, "Malta") == []
    search.forget([document.current])
    assert contents() == ([], [])


def test_reindexing_equals_what_was_indexed_step_by_step(workspace, owner, document, capsys):
    ready(workspace, owner, "The law of Malta governs this lease.", "lease.txt")
    before = contents()
    call_command("reindex", "--workspace", workspace.name)
    assert contents() == before
    Stretch.objects.all().delete()
    KeyCount.objects.all().delete()
    call_command("reindex")
    assert contents() == before
    assert "2 of 2 versions were indexed." in capsys.readouterr().out


def test_what_an_interrupted_reindexing_left_is_done_with_due(workspace, owner, document):
    ready(workspace, owner, "The law of Malta governs this lease.", "lease.txt")
    before = contents()
    search.forget([document.current])
    Version.objects.filter(pk=document.current_id).update(index_failures=3)
    call_command("reindex", "--due")
    assert contents() == before


def test_reindexing_an_unknown_workspace_is_a_sentence(db):
    with pytest.raises(CommandError, match="no such workspace"):
        call_command("reindex", "--workspace", "Nowhere")


def test_a_version_that_is_indexed_already_is_not_indexed_twice(document):
    before = contents()
    assert not search.index(document.current)
    assert contents() == before


def test_the_sweep_indexes_what_is_ready_and_cannot_be_found(workspace, document):
    search.forget([document.current])
    assert list(Version.objects.to_index()) == [document.current]
    tasks.index(document.current.pk)
    assert find(workspace, "insolvent")
    assert not Version.objects.to_index().exists()


def test_a_version_that_cannot_be_indexed_stays_ready_and_is_given_up_in_time(document, caplog):
    search.forget([document.current])
    Text.objects.filter(version=document.current).delete()
    for _attempt in range(3):
        assert Version.objects.to_index().exists()
        tasks.index(document.current.pk)
    assert not Version.objects.to_index().exists()
    document.current.refresh_from_db()
    assert document.current.status == "ready"


def test_a_long_document_is_kept_in_several_stretches(workspace, owner):
    clauses = [
        f"{n}. Clause\n\nThe number of this clause is word{n}. It says no more." for n in range(300)
    ]
    made = ready(workspace, owner, "\n\n".join(clauses), "long.txt")
    assert Stretch.objects.filter(version=made.current).count() > 4
    for number in (0, 150, 299):
        (hit,) = find(workspace, f"word{number}")
        assert f"word{number}." in hit.text


def test_what_waits_to_be_read_comes_before_the_index_for_a_while(workspace, owner, document):
    search.forget([document.current])
    waiting = upload(workspace, owner, "Waiting.", "waiting.txt")
    tasks.index(document.current.pk)
    assert not Stretch.objects.filter(version=document.current).exists()
    Version.objects.filter(pk=document.current.pk).update(
        ready_at=timezone.now() - tasks.INDEX_AFTER
    )
    tasks.index(document.current.pk)
    assert Stretch.objects.filter(version=document.current).exists()
    assert waiting.current.status == "queued"
