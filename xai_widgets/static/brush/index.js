var de=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var O=()=>performance.now(),fe=(e,t)=>e.addEventListener("abort",t);function N(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function v(e,t={},...o){let[r,...i]=e.split("."),c=document.createElement(r||"div");return r==="button"&&k(c,{type:"button"}),c.className=i.map(h=>`xw-${h}`).join(" "),k(c,t),c.append(...o),c}function k(e,t){for(let[o,r]of Object.entries(t)){let i=o.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function C(e,t){e.textContent!==t&&(e.textContent=t)}function A(e,t,o,r){for(let i of o.split(" "))t.addEventListener(i,r,{signal:e,passive:!1})}var F=e=>e.preventDefault();function Pe(e,t="",o="0 0 16 16"){let r=(c,h)=>{let p=document.createElementNS("http://www.w3.org/2000/svg",c);return k(p,h),p},i=r("svg",{class:t,viewBox:o,preserveAspectRatio:"none",$hidden:"true"});return i.append(r("path",{d:e})),i}function pe(e,t,o,r,i,c={}){let h={_control:t,title:o,$label:o,...c},p=v("button.tool",h,Pe(r));return A(e,p,"click",i),p}var V=()=>`xw-${Math.random().toString(36).slice(2)}`;function J(e,t=1){let o=10**-t;return e>0&&200*e<o?`<${o} %`:`${(100*e).toFixed(t)} %`}function me(e,t,o){let[r,i]=[v("span.class"),v("span.chance")],c=v("button.bar.risen",{},r,i),[h,p]=[v("b"),v("span.facts")],m=v("p.verdict",{_verdict:!0},h," ",p),a=v(".answers",{},c,m),s=new Float32Array,g,l=0;A(e,c,"click",()=>{t.set("target",l),t.save_changes()});let M=x=>t.get("class_names")?.[x]??`class ${x}`;function y(x,b){let[n,f]=x.children;n.style.backgroundSize=`${100*(g??s)[b]}%`,C(f,J((g??s)[b]));let u=n.querySelector("i");u||(u=v("i.tick"),n.append(u)),u.hidden=!g,u.style.left=`${100*s[b]}%`}return{element:a,begin(x){s=x},say(x){g=x?.length===s.length?x:void 0},show(x,b){if(!s.length)return"";let n=new Set;for(let L of o.querySelectorAll(".xw-bars .xw-bar")){if(!L.dataset.xwClass)continue;let Q=Number(L.dataset.xwClass);n.add(Q),y(L,Q)}l=g?g.indexOf(Math.max(...g)):0;let f=!!g&&!n.has(l);C(r,M(l)),y(c,l),k(c,{title:`Most probable in the painted picture (class ${l}): explain it`}),c.hidden=!f;let u=t.get("target"),K=typeof u=="number"?u:t.get("prediction").top[0].index,w=g?` → ${J(g[K])}`:"";C(h,x?`${M(K)} ${J(s[K])}${w}`:"");let I=`with ${J(x,0)} of the picture painted`;return C(p,x?I:"Paint over what you think matters: the bars answer."),a.hidden=!b&&!x,m.textContent??""}}}function B(e,t,o){return Math.max(t,Math.min(o,e))}var be=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var ze=be.map(([e,t,o])=>({name:e,title:t,diverging:!!o}));var Se=({data:e,mime:t})=>createImageBitmap(new Blob([N(e)],{type:t}));async function Y(e){let{width:t,height:o}=e,r=new OffscreenCanvas(t,o).getContext("2d");return r.drawImage(await Se(e),0,0,t,o),new Uint32Array(r.getImageData(0,0,t,o).data.buffer)}function ge(e,t,[o,r],[i,c],h){let p=e.length/t,[m,a]=[i-o,c-r],s=Math.max(h,1),g=(n,f,u)=>[B(Math.floor(Math.min(n,f)-s),0,u),B(Math.ceil(Math.max(n,f)+s),0,u)],[l,M]=g(o,i,t),[y,x]=g(r,c,p),b=!1;for(let n=y;n<x;n++)for(let f=l;f<M;f++){let[u,K]=[f+.5-o,n+.5-r],w=B((u*m+K*a)/(m*m+a*a||1),0,1);!(f===Math.floor(i)&&n===Math.floor(c))&&Math.hypot(u-w*m,K-w*a)>h||(e[n*t+f]=1,b=!0)}return b?[l,y,M,x]:null}function ee(e){let t=[],[o,r]=[0,0];for(let i=0;i<=e.length;i++){let c=i-r===65535;i<e.length&&e[i]===o&&!c||(t.push(i-r),c&&e[i]===o?t.push(0):o^=1,r=i)}return Uint16Array.from(t)}function te(e,t){let o=new Uint8Array(t),r=0;return e.forEach((i,c)=>{o.fill(c&1,r,r+i),r+=i}),o}function xe(e){let t=0;for(let o=0;o<e.length;o++)t+=e[o];return t/(e.length||1)}var ke=99,q=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(ee(t)),this.past.length>ke&&this.past.shift()}undo(t){let o=this.past.pop();return o&&t.set(te(o,t.length)),!!o}forget(){this.past.length=0}},X=4278190080;function Ke(e,t){let o,r,i,c,h=0,p=0;return{async load(m,a,[s,g,l]){[i,c]=await Promise.all([Y(m),Y(a)]),{width:p}=m,[r,o]=[new ImageData(p,m.height),new ImageData(p,m.height)],h=(X|l<<16|g<<8|s)>>>0},draw([m,a,s,g],l,M,y){if(e.width!==p||s<=m)return;let[x,b]=[r,o].map(({data:K})=>new Uint32Array(K.buffer)),n=M==="mean"?h:X;for(let K=a;K<g;K++)for(let w=K*p+m;w<K*p+s;w++)x[w]=l[w]?M==="blur"?c[w]:n:i[w],b[w]=l[w]?X:0;if(e.getContext("2d").putImageData(r,0,0,m,a,s-m,g-a),y||t.width!==p)return;let f=new OffscreenCanvas(s-m,g-a);f.getContext("2d").putImageData(o,-m,-a);let u=t.getContext("2d");u.globalCompositeOperation="destination-out",u.drawImage(f,m,a),u.globalCompositeOperation="source-over"}}}function he(e,t,o,r){let i=o.parentElement,c=v(".circle",{hidden:!0});i.append(c);let h=n=>n.getBoundingClientRect(),p=null,m=0,a=null,s=!1;function g({clientX:n,clientY:f}){let{left:u,top:K,width:w,height:I}=h(o),L=h(i),Q=r.beside()?L.width/2:0,_=Q&&n-L.left>=Q?n-Q:n,[T,P]=r.extent();return[(_-u)/w*T,(f-K)/I*P]}function l(n=a&&g(a)){let[f]=r.extent();if(c.hidden=!r.active()||!n||!f||s,!n||c.hidden)return;let{left:u,top:K,width:w}=h(o),I=h(i),L=w/f,[Q,_]=[u-I.left+n[0]*L,K-I.top+n[1]*L];c.style.cssText=`left:${Q}px;top:${_}px;width:${L*r.size()}px`}function M(n){r.paint(p??n,n),p=n}function y(n,f){for(let u of n.split(" "))i.addEventListener(u,f,{signal:e,capture:!0})}let x=()=>r.active()&&!s&&r.extent()[0]>0;y("pointerdown",n=>{a=n,!(!x()||n.button)&&(n.stopImmediatePropagation(),!p&&(i.setPointerCapture(n.pointerId),m=n.pointerId,r.begin(),M(g(n)),l(),r.painted()))}),y("pointermove",n=>{if(p&&n.pointerId!==m)return;a=n;let f=n.getCoalescedEvents?.()??[];if(p)for(let u of f.length?f:[n])M(g(u));l(),p&&r.painted()}),y("pointerup pointercancel lostpointercapture",n=>{!p||n.pointerId!==m||(p=null,n.pointerType==="touch"&&(a=null),l(),r.end())}),y("pointerleave",n=>{n.target===i&&(a=null,l())}),y("dblclick",n=>x()&&n.stopImmediatePropagation()),y("mousedown",n=>{r.active()&&n.button===1&&F(n)}),A(e,i,"wheel",()=>l()),A(e,i,"blur",()=>{s=!1,l()}),A(e,t,"keyup",({key:n})=>{n!==" "||!s||(s=!1,l())});function b(n){let[f,u]=r.extent(),[K,w]=r.spot()??[.5,.5],I=[K*f,w*u];a=null,n&&x()&&(r.begin(),M(I),p=null,r.painted(),r.end()),l(I)}return{follow:l,painting:()=>!!p,focus:()=>i.focus({preventScroll:!0}),press({key:n,target:f,defaultPrevented:u}){if(f!==i||!r.active())return!1;if(n.startsWith("Arrow"))b(!1);else if(u)l();else if(n===" "&&a)s=!0,l();else if(n===" "||n==="Enter")b(!0);else return!1;return!0}}}var ye=`.xw-root {
  .xw-toolbar,
  .xw-answers {
    display: none;
  }
  .xw-verdict {
    padding: 6px 0 4px;
  }
  .xw-verdict b {
    display: block;
    font-weight: 600;
  }
  .xw-answers:not([hidden]) {
    display: block;
  }
  .xw-class {
    position: relative;
  }
  /* Two notches, so that the name can still be read. */
  .xw-tick {
    position: absolute;
    inset: 0 auto;
    width: 2px;
    margin-left: -1px;
    border: solid var(--xw-muted);
    border-width: 6px 0;
  }
  .xw-circle {
    position: absolute;
    aspect-ratio: 1;
    border-radius: 50%;
    outline: 1.5px solid #fff;
    box-shadow:
      inset 0 0 0 1px #000a,
      0 0 0 2.5px #000a;
    pointer-events: none;
    translate: -50% -50%;
  }
  .xw-tools [aria-pressed="true"] {
    background: #fff;
    * {
      color: #1b1d21;
    }
  }

  &[data-xw-brush] {
    .xw-stage {
      flex-wrap: wrap;
      align-content: space-between;
    }
    .xw-toolbar {
      display: flex;
      flex: 1 0 100%;
      flex-wrap: wrap;
      gap: 4px 8px;
      align-items: center;
      padding: 8px 12px;
      container-type: inline-size;
      border-top: 1px solid var(--xw-line);
      background: var(--xw-bg);
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 100px;
      max-width: 260px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-toolbar .xw-facts {
      margin: 0 0 0 auto;
    }
    @container (width < 580px) {
      .xw-toolbar .xw-facts {
        display: none;
      }
    }
    &[data-xw-late] .xw-answers {
      opacity: 0.6;
    }
    .xw-toolbar :disabled {
      opacity: 0.4;
      cursor: default;
    }
    .xw-pane {
      cursor: none;
      touch-action: none;
    }
    .xw-ring {
      opacity: 0;
    }
    [data-xw-arrangement="side_by_side"] .xw-ring {
      opacity: 1;
    }
    .xw-stage > .xw-pill {
      bottom: calc(10px + var(--xw-toolbar));
    }
    .xw-stage > .xw-tools {
      opacity: 1;
    }
  }
}
`;function we(e,t,o,r,i){let c=V(),h=r.map(([a,,s])=>v("input",{type:"radio",name:c,value:a,$label:s})),p=r.map(([,a,s],g)=>v("label.segment",{title:s},h[g],a)),m=v(".segments",{role:"radiogroup",$label:t,_control:o},...p);return A(e,m,"change",({target:a})=>i(a.value)),A(e,m,"dblclick",()=>i(r[0][0])),[m,a=>{for(let s of h)s.checked=s.value===a}]}var Ce=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]];function ve(e,t){let[o,r]=we(e,"Paint with","fill",Ce,t.fill),i=v("input.range",{type:"range",min:1,$label:"Brush size",title:"Brush size ([ and ])",_control:"brush-size"}),c=v("span.number"),h=pe(e,"undo","Undo (Ctrl+Z)","M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6",t.undo),p=v("button.link",{_control:"clear",title:"Clear the paint"},"Clear");A(e,p,"click",t.clear);let m=v(".toolbar",{role:"group",$label:"Brush"},o,v(".sizes",{},i,c),h,p,v("span.facts",{},"[ ] size · Ctrl+Z undo · Esc done")),a=0,s=1;function g(l){a=B(Math.round(l),1,s),k(i,{max:s,$valuetext:`${a} pixels`}),i.value=String(a),i.style.setProperty("--xw-share",`${100*(a-1)/(s-1||1)}%`),C(c,`${a} px`),t.resized()}return A(e,i,"input",()=>g(Number(i.value))),A(e,i,"dblclick",()=>g(s/4)),{element:m,get size(){return a},larger:()=>g(Math.max(a+1,a*1.25)),smaller:()=>g(Math.min(a-1,a/1.25)),fit(l,M){let y=s;s=Math.max(2,l>>1),g(y===s?a:s/4);for(let x of o.querySelectorAll("input"))x.disabled=!M.includes(x.value)},show(l,M,y){r(l),h.disabled=!M,p.disabled=!y}}}var Me=200,Ue=1e4,Ae=e=>N(e??"").slice().buffer,Z=e=>new Float32Array(Ae(e)),Ee=e=>new Uint16Array(Ae(e));function Be(e,t,o,r,i,c,h,p){let m=d=>t.querySelector(d),a=m('[data-xw-canvas="picture"]'),s=m('[data-xw-control="brush"]'),g=V(),l=new q,M=Ke(a,m('[data-xw-canvas="heat"]')),[y,x]=[0,0],b=new Uint8Array(0),n="blur",f=!1,u=0,K=0,w=0,I=0,L="",Q=!0,_=me(o,e,t),T=he(o,t,a,{active:()=>f,extent:()=>[y,x],size:()=>P.size,beside:()=>re(),spot:i,begin:()=>l.begin(b),paint(d,E){let S=ge(b,y,d,E,P.size/2);S&&z(S)},painted:ae,end:U}),P=ve(o,{fill(d){n=d,j()},undo:ie,clear(){l.begin(b),b.fill(0),j(),T.focus()},resized:()=>T.follow()});t.append(v("style",{},ye)),m(".xw-stage").append(P.element),m(".xw-bars").after(_.element);let ne=new ResizeObserver(()=>t.style.setProperty("--xw-toolbar",`${P.element.offsetHeight}px`));ne.observe(P.element);let re=()=>e.get("view")==="side_by_side",z=d=>M.draw(d,b,n,re());function U(){let d=b.includes(1);P.show(n,l.any,d);let E=_.show(xe(b),f),S=w>0&&O()-I>Me;k(t,{_brush:f,_stroke:u,_painted:K,_late:S}),k(s,{$pressed:String(f)}),!(!d||K!==u||T.painting()||E===L)&&(L=E,C(m(".xw-live"),E))}function oe(){r(),z([0,0,y,x])}function j(){oe(),ae()}function ie(){l.undo(b)&&(j(),l.any||T.focus())}function ae(){u+=1,b.includes(1)?se():(_.say(),K=u,le()),U()}function se(){K===u||w&&O()-I<Ue||(w=u,I=O(),setTimeout(U,Me+20),le())}function le(){let d={kind:"paint",by:g,seq:u,fill:n,full:de};e.send(d,void 0,[ee(b)])}function G(d,[E,...S]=[]){if(d.kind==="brush"&&Ie(d,S),d.kind!=="painted"||!y)return;d.by===g?K=Math.max(K,d.seq):ue(d.fill,Ee(S[0])),w=0,b.includes(1)&&!d.failed&&_.say(Z(E)),se(),U()}function ue(d,E){d&&(l.begin(b),n=d,b.set(te(E,b.length)),b.includes(1)||_.say(),u+=1,K=u,oe())}async function Ie(d,[E,S,$,Le]){let W=e.get("picture"),{width:H,height:D}=W,{mime:_e,mean:Qe}=d;await M.load(W,{width:H,height:D,mime:_e,data:E},Qe),!(W!==e.get("picture")||o.aborted)&&([y,x]=[H,D],b.length!==H*D&&(b=new Uint8Array(H*D)),_.begin(Z(S)),P.fit(Math.min(H,D),d.fills),d.fills.includes(n)||(n=d.fills[0]),ue(d.fill??null,Ee($)),l.forget(),b.includes(1)&&_.say(Z(Le)),Q&&b.includes(1)&&e.send({kind:"brush",known:!0}),Q&&p&&R(),Q=!1,U())}function ce(){[y,w,b]=[0,0,new Uint8Array(0)],_.begin(Z(void 0)),K=u,l.forget(),_.say(),e.send({kind:"brush",known:!0}),U()}function R(){f=!f,U(),T.follow(),f&&T.focus()}return A(o,s,"click",R),A(o,t,"keydown",d=>{let{key:E,target:S}=d;if(S.matches("input:not([type])"))return;let $=d.ctrlKey||d.metaKey;if($&&E==="z")ie();else if(!$&&E==="b"&&!d.defaultPrevented)R();else{if($||d.altKey||!f)return;if(E==="[")P.smaller();else if(E==="]")P.larger();else if(E==="Escape"&&!d.defaultPrevented)R(),d.stopPropagation();else if(!T.press(d))return}F(d)}),e.on("msg:custom",G),e.on("change:picture",ce),fe(o,()=>{ne.disconnect(),e.off("msg:custom",G),e.off("change:picture",ce)}),G(c,h),()=>{b.includes(1)&&z([0,0,y,x]),U()}}export{Be as default};
