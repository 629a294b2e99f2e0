"""GitHub's JSON for users, repositories, pull requests and statuses.

Field by field as https://docs.github.com/rest describes them; the tests hold them against GitHub's own schemas.
"""

from __future__ import annotations

import base64
from typing import Any

from workshop.partners.github.store import Pull, Repo, Status, Store

USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPO_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def node_id(kind: str, number: int) -> str:
    """A global id, in the form GitHub's older ones have."""
    return base64.b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode()


def user(store: Store, login: str) -> dict[str, Any]:
    """A user. https://docs.github.com/rest/users/users"""
    number, url = store.user_id(login), f"{store.url}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "avatar_url": f"{store.url}/avatars/{number}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{store.url}/{login}",
        **{name: url + path for name, path in USER_LINKS.items()},
        "type": "User",
        "site_admin": False,
    }


def minimal_repo(store: Store, repo: Repo) -> dict[str, Any]:
    """A repository as other bodies hold it."""
    url = f"{store.url}/repos/{repo.full_name}"
    return {
        "id": repo.id,
        "node_id": node_id("Repository", repo.id),
        "name": repo.name,
        "full_name": repo.full_name,
        "private": repo.private,
        "owner": user(store, repo.owner),
        "html_url": f"{store.url}/{repo.full_name}",
        "description": repo.description,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in REPO_LINKS.items()},
    }


def full_repo(store: Store, repo: Repo) -> dict[str, Any]:
    """A repository. https://docs.github.com/rest/repos/repos#get-a-repository"""
    is_open = sum(pull.state == "open" for pull in repo.pulls.values())
    html = f"{store.url}/{repo.full_name}"
    return minimal_repo(store, repo) | {
        "clone_url": f"{html}.git",
        "git_url": f"git:{html.partition(':')[2]}.git",
        "ssh_url": f"git@github.com:{repo.full_name}.git",
        "svn_url": html,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "default_branch": repo.default_branch,
        "created_at": repo.created_at,
        "updated_at": repo.pushed_at,
        "pushed_at": repo.pushed_at,
        "archived": False,
        "disabled": False,
        "has_discussions": False,
        "has_downloads": True,
        "has_issues": True,
        "has_pages": False,
        "has_projects": True,
        "has_wiki": True,
        "size": len(repo.commits),
        "forks": 0,
        "forks_count": 0,
        "stargazers_count": 0,
        "watchers": 0,
        "watchers_count": 0,
        "open_issues": is_open,
        "open_issues_count": is_open,
        "topics": [],
        "visibility": "private" if repo.private else "public",
    }


def _side(store: Store, repo: Repo, branch: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repo.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(store, repo.owner),
        "repo": full_repo(store, repo),
    }


def simple_pull(store: Store, repo: Repo, pull: Pull) -> dict[str, Any]:
    """A pull request in a list. https://docs.github.com/rest/pulls/pulls#list-pull-requests"""
    api = f"{store.url}/repos/{repo.full_name}"
    url, html = f"{api}/pulls/{pull.number}", f"{store.url}/{repo.full_name}/pull/{pull.number}"
    links = {
        "self": url,
        "html": html,
        "issue": f"{api}/issues/{pull.number}",
        "comments": f"{api}/issues/{pull.number}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{pull.head_sha}",
    }
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": links["issue"],
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": user(store, pull.login),
        "body": pull.body,
        "labels": [],
        "milestone": None,
        "active_lock_reason": None,
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _side(store, repo, pull.head, pull.head_sha),
        "base": _side(store, repo, pull.base, pull.base_sha),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": "OWNER" if pull.login == repo.owner else "CONTRIBUTOR",
        "auto_merge": None,
        "draft": pull.draft,
    }


def full_pull(store: Store, repo: Repo, pull: Pull, mergeable_state: str) -> dict[str, Any]:
    """A pull request. https://docs.github.com/rest/pulls/pulls#get-a-pull-request"""
    commits = len(repo.new_commits(pull)) or 1
    return simple_pull(store, repo, pull) | {
        "merged": pull.merged_at is not None,
        "mergeable": None if pull.merged_at else True,
        "rebaseable": None if pull.merged_at else True,
        "mergeable_state": "unknown" if pull.merged_at else mergeable_state,
        "merged_by": user(store, pull.merged_by) if pull.merged_by else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": commits,
        "additions": commits,
        "deletions": 0,
        "changed_files": commits,
    }


def simple_status(store: Store, repo: Repo, status: Status) -> dict[str, Any]:
    """A status inside a combined status."""
    return {
        "url": f"{store.url}/repos/{repo.full_name}/statuses/{status.sha}",
        "avatar_url": f"{store.url}/avatars/{store.user_id(status.creator)}",
        "id": status.id,
        "node_id": node_id("StatusContext", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": status.at,
        "updated_at": status.at,
    }


def full_status(store: Store, repo: Repo, status: Status) -> dict[str, Any]:
    """A commit status. https://docs.github.com/rest/commits/statuses#create-a-commit-status"""
    return simple_status(store, repo, status) | {"creator": user(store, status.creator)}
