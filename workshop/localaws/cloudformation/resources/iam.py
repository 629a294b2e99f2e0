"""AWS::IAM::*"""

from __future__ import annotations

from typing import Any, ClassVar

from workshop.localaws.cloudformation.resources.base import Call, Properties, Resource, document, listed, only, register

HOLDERS = (("Roles", "role", "RoleName"), ("Users", "user", "UserName"), ("Groups", "group", "GroupName"))


def _policies(given: Properties) -> dict[str, str | None]:
    return {policy["PolicyName"]: dated(policy["PolicyDocument"]) for policy in given.get("Policies") or []}


def dated(policy: Any) -> str | None:
    """A policy document as text; one without a Version, which IAM takes and moto does not, gets the current one."""
    return document({"Version": "2012-10-17", **policy} if isinstance(policy, dict) else policy)


def _settle(call: Call, kind: str, member: str, name: str, given: Properties, old: Properties) -> None:
    """Bring a role's, user's or group's inline and attached policies to what is given."""
    wanted, had = _policies(given), _policies(old)
    for policy, text in wanted.items():
        if had.get(policy) != text:
            call("iam", f"put_{kind}_policy", **{member: name}, PolicyName=policy, PolicyDocument=text)
    for policy in set(had) - set(wanted):
        call("iam", f"delete_{kind}_policy", **{member: name}, PolicyName=policy)
    attached, before = given.get("ManagedPolicyArns") or [], old.get("ManagedPolicyArns") or []
    for arn in attached:
        if arn not in before:
            call("iam", f"attach_{kind}_policy", **{member: name}, PolicyArn=arn)
    for arn in before:
        if arn not in attached:
            call("iam", f"detach_{kind}_policy", **{member: name}, PolicyArn=arn)


def _empty(call: Call, kind: str, member: str, name: str) -> None:
    """Take everything off a role, user or group, whoever put it there by this stack's policies."""
    for policy in call("iam", f"list_{kind}_policies", **{member: name})["PolicyNames"]:
        call("iam", f"delete_{kind}_policy", **{member: name}, PolicyName=policy)
    for policy in call("iam", f"list_attached_{kind}_policies", **{member: name})["AttachedPolicies"]:
        call("iam", f"detach_{kind}_policy", **{member: name}, PolicyArn=policy["PolicyArn"])


@register
class Role(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html"""

    type = "AWS::IAM::Role"
    name_property = "RoleName"
    attributes_known = "Arn RoleId"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("RoleName") or call.name(64)
        call(
            "iam",
            "create_role",
            RoleName=name,
            AssumeRolePolicyDocument=document(given["AssumeRolePolicyDocument"]),
            Tags=listed(
                {key: value for key, value in call.tagged(given.get("Tags")).items() if not key.startswith("aws:")}
            ),
            **only(given, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        )
        _settle(call, "role", "RoleName", name, given, {})
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given["AssumeRolePolicyDocument"] != old.get("AssumeRolePolicyDocument"):
            call(
                "iam",
                "update_assume_role_policy",
                RoleName=physical,
                PolicyDocument=document(given["AssumeRolePolicyDocument"]),
            )
        if only(given, "Description", "MaxSessionDuration") != only(old, "Description", "MaxSessionDuration"):
            call("iam", "update_role", RoleName=physical, **only(given, "Description", "MaxSessionDuration"))
        if given.get("PermissionsBoundary") != old.get("PermissionsBoundary"):
            if given.get("PermissionsBoundary"):
                call(
                    "iam",
                    "put_role_permissions_boundary",
                    RoleName=physical,
                    PermissionsBoundary=given["PermissionsBoundary"],
                )
            else:
                call("iam", "delete_role_permissions_boundary", RoleName=physical)
        _settle(call, "role", "RoleName", physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        _empty(call, "role", "RoleName", physical)
        call("iam", "delete_role", RoleName=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        found = call("iam", "get_role", RoleName=physical)["Role"]
        return {"Arn": found["Arn"], "RoleId": found["RoleId"]}


@register
class Policy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-policy.html"""

    type = "AWS::IAM::Policy"
    attributes_known = "Id"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return call.name(64)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        text = dated(given["PolicyDocument"])
        for member, kind, name in HOLDERS:
            for holder in given.get(member) or []:
                call("iam", f"put_{kind}_policy", **{name: holder}, PolicyName=given["PolicyName"], PolicyDocument=text)
            renamed = old.get("PolicyName") != given["PolicyName"]
            for holder in old.get(member) or []:
                if renamed or holder not in (given.get(member) or []):
                    call("iam", f"delete_{kind}_policy", **{name: holder}, PolicyName=old["PolicyName"])

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        for member, kind, name in HOLDERS:
            for holder in given.get(member) or []:
                call("iam", f"delete_{kind}_policy", **{name: holder}, PolicyName=given["PolicyName"])


@register
class RolePolicy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-rolepolicy.html"""

    type = "AWS::IAM::RolePolicy"

    def create(self, call: Call, given: Properties) -> str:
        self.update(call, "", given, {})
        return f"{given['PolicyName']}|{given['RoleName']}"

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        names = only(given, "RoleName", "PolicyName")
        call("iam", "put_role_policy", **names, PolicyDocument=dated(given.get("PolicyDocument")))

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        call("iam", "delete_role_policy", **only(given, "RoleName", "PolicyName"))


@register
class ManagedPolicy(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-managedpolicy.html"""

    type = "AWS::IAM::ManagedPolicy"
    name_property = "ManagedPolicyName"
    attributes_known = "PolicyArn PolicyId"

    def create(self, call: Call, given: Properties) -> str:
        made = call(
            "iam",
            "create_policy",
            PolicyName=given.get("ManagedPolicyName") or call.name(128),
            PolicyDocument=dated(given["PolicyDocument"]),
            **only(given, "Path", "Description"),
        )
        self._attach(call, made["Policy"]["Arn"], given, {})
        return str(made["Policy"]["Arn"])

    def _attach(self, call: Call, arn: str, given: Properties, old: Properties) -> None:
        for member, kind, name in HOLDERS:
            wanted, had = given.get(member) or [], old.get(member) or []
            for holder in wanted:
                if holder not in had:
                    call("iam", f"attach_{kind}_policy", **{name: holder}, PolicyArn=arn)
            for holder in had:
                if holder not in wanted:
                    call("iam", f"detach_{kind}_policy", **{name: holder}, PolicyArn=arn)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given["PolicyDocument"] != old.get("PolicyDocument"):
            versions = call("iam", "list_policy_versions", PolicyArn=physical)["Versions"]
            spare = [version for version in versions if not version["IsDefaultVersion"]]
            if len(versions) >= 5:
                call("iam", "delete_policy_version", PolicyArn=physical, VersionId=spare[-1]["VersionId"])
            call(
                "iam",
                "create_policy_version",
                PolicyArn=physical,
                SetAsDefault=True,
                PolicyDocument=dated(given["PolicyDocument"]),
            )
        self._attach(call, physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        self._attach(call, physical, {}, given)
        for version in call("iam", "list_policy_versions", PolicyArn=physical)["Versions"]:
            if not version["IsDefaultVersion"]:
                call("iam", "delete_policy_version", PolicyArn=physical, VersionId=version["VersionId"])
        call("iam", "delete_policy", PolicyArn=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"PolicyArn": physical}


@register
class User(Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-user.html"""

    type = "AWS::IAM::User"
    lacks: ClassVar[Properties] = {"LoginProfile": None, "PermissionsBoundary": None}
    name_property = "UserName"
    attributes_known = "Arn"

    def create(self, call: Call, given: Properties) -> str:
        name = given.get("UserName") or call.name(64)
        tags = {key: value for key, value in call.tagged(given.get("Tags")).items() if not key.startswith("aws:")}
        call("iam", "create_user", UserName=name, Tags=listed(tags), **only(given, "Path"))
        self._policies(call, name, given, {})
        return str(name)

    def update(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        if given.get("Path") != old.get("Path"):
            call("iam", "update_user", UserName=physical, NewPath=given.get("Path") or "/")
        self._policies(call, physical, given, old)

    def _policies(self, call: Call, physical: str, given: Properties, old: Properties) -> None:
        for group in given.get("Groups") or []:
            call("iam", "add_user_to_group", UserName=physical, GroupName=group)
        for group in set(old.get("Groups") or []) - set(given.get("Groups") or []):
            call("iam", "remove_user_from_group", UserName=physical, GroupName=group)
        _settle(call, "user", "UserName", physical, given, old)

    def delete(self, call: Call, physical: str, given: Properties) -> None:
        for group in given.get("Groups") or []:
            call("iam", "remove_user_from_group", UserName=physical, GroupName=group)
        _empty(call, "user", "UserName", physical)
        call("iam", "delete_user", UserName=physical)

    def attributes(self, call: Call, physical: str, given: Properties) -> dict[str, Any]:
        return {"Arn": call("iam", "get_user", UserName=physical)["User"]["Arn"]}
